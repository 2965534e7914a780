import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { mergeCustomClaims } from '../../src/authority/domain/custom-claims.ts'
import { memberRoles, sessionRoles } from '../../src/authority/domain/roles.ts'
import { extendedSessionEnd, newSessionEnd } from '../../src/authority/domain/session-lifetime.ts'
import { jwtClaims } from '../../src/authority/domain/session-view.ts'
import { aMember, anOrganization } from '../support/records.ts'
import { thrownBy } from './thrown.ts'

const minute = 60_000

describe('custom claims', () => {
  test.each([
    [{ a: 1, b: 2 }, { a: 9 }, { a: 9, b: 2 }],
    [{ a: 1, b: 2 }, { a: null }, { b: 2 }],
    [{ a: { x: 1, y: { z: 2 } } }, { a: { y: { z: null, w: 3 } } }, { a: { x: 1, y: { w: 3 } } }],
    [{ a: [1, 2] }, { a: [3] }, { a: [3] }],
    [{ a: 'text' }, { a: { b: 1 } }, { a: { b: 1 } }],
    [{ a: { b: 1 } }, { a: 'text' }, { a: 'text' }],
    [{}, { a: { b: null } }, { a: {} }],
    [{}, { iss: 1, sub: 1, aud: 1, exp: 1, nbf: 1, iat: 1, jti: 1, plan: 'pro' }, { plan: 'pro' }],
    [{ a: 1 }, undefined, { a: 1 }]
  ])('%j after %j are %j', (existing, brought, expected) => {
    expect(mergeCustomClaims(existing, brought)).toEqual(expected)
  })

  test('may not take the names of the API', () => {
    const claims = { 'https://stytch.com/session': { roles: ['stytch_admin'] } }
    expect(thrownBy(() => mergeCustomClaims({}, claims))).toBe('stytch_claims_in_custom_claims')
  })

  test('may be 4,096 bytes of compact JSON in all, counted in UTF-8', () => {
    const fits = { a: 'é'.repeat((4096 - '{"a":""}'.length) / 2) }
    const tooLarge = 'custom_claims_too_large'
    expect(mergeCustomClaims({}, fits)).toEqual(fits)
    expect(thrownBy(() => mergeCustomClaims({}, { a: `${fits.a}x` }))).toBe(tooLarge)
    expect(thrownBy(() => mergeCustomClaims(fits, { b: 1 }))).toBe(tooLarge)
  })

  test('may be called __proto__, and change no prototype', () => {
    const brought = JSON.parse(
      '{"__proto__":{"polluted":true},"a":{"__proto__":{"polluted":true}}}'
    )
    const merged = mergeCustomClaims({}, brought)
    expect(JSON.stringify(merged)).toBe(JSON.stringify(brought))
    expect(Object.getPrototypeOf(merged)).toBe(Object.prototype)
    expect(Reflect.get({}, 'polluted')).toBeUndefined()
  })

  test('merged once and merged twice are the same', () => {
    fc.assert(
      fc.property(fc.object({ maxDepth: 3 }), fc.object({ maxDepth: 3 }), (existing, brought) => {
        const [before, change] = [existing, brought].map((value) =>
          JSON.parse(JSON.stringify(value))
        )
        if (thrownBy(() => mergeCustomClaims(before, change)) === 'custom_claims_too_large') return
        const once = mergeCustomClaims(before, change)
        expect(mergeCustomClaims(once, change)).toEqual(once)
      })
    )
  })
})

describe('the end of a session', () => {
  const now = Date.UTC(2026, 0, 1, 12, 0, 0, 250)
  const unbound = { started_at: now, maximum_session_minutes: null }

  test('is 60 minutes away unless the call says otherwise', () => {
    expect(newSessionEnd(now, unbound)).toBe(now - 250 + 60 * minute)
    expect(newSessionEnd(now, unbound, 5)).toBe(now - 250 + 5 * minute)
  })

  test('moves only when the call names a duration', () => {
    expect(extendedSessionEnd(now, unbound, undefined)).toBeNull()
    expect(extendedSessionEnd(now, unbound, 30)).toBe(now - 250 + 30 * minute)
  })

  test('is no later than the maximum of the project after the start', () => {
    const started_at = now - 20 * minute
    const bound = { started_at, maximum_session_minutes: 30 }
    expect(newSessionEnd(now, bound)).toBe(now - 250 + 10 * minute)
    expect(newSessionEnd(now, bound, 5)).toBe(now - 250 + 5 * minute)
    expect(extendedSessionEnd(now, bound, 500)).toBe(now - 250 + 10 * minute)
    expect(extendedSessionEnd(now, bound, undefined)).toBeNull()
  })
})

describe('roles', () => {
  const saml = (provider_id: string) => ({
    type: 'sso',
    delivery_method: 'sso_saml',
    saml_sso_factor: { id: 'r', provider_id, external_id: 'e' }
  })
  const oidc = {
    type: 'sso',
    delivery_method: 'sso_oidc',
    oidc_sso_factor: { id: 'r', provider_id: 'c1', external_id: 'e' }
  }
  const member = aMember({
    email_address_verified: true,
    roles: [
      { role_id: 'editor', source: { type: 'direct_assignment', details: {} } },
      { role_id: 'auditor', source: { type: 'sso_connection', details: { connection_id: 'c1' } } },
      {
        role_id: 'operator',
        source: { type: 'sso_connection_group', details: { connection_id: 'c1', group: 'ops' } }
      },
      {
        role_id: 'clerk',
        source: { type: 'scim_connection_group', details: { connection_id: 'c2', group_id: 'g' } }
      }
    ]
  })
  const organization = anOrganization({
    rbac_email_implicit_role_assignments: [
      { domain: 'example.com', role_id: 'reader' },
      { domain: 'other.com', role_id: 'stranger' }
    ]
  })
  const always = ['stytch_member', 'editor', 'clerk', 'reader']

  test.each([
    ['no factor of a connection', [], always],
    ['a SAML factor of it', [saml('c1')], [...always, 'auditor', 'operator']],
    ['a SAML factor of another', [saml('c3')], always],
    ['an OIDC factor of it', [oidc], always]
  ])('of a session with %s', (_, factors, expected) => {
    expect(sessionRoles(member, organization, factors).sort()).toEqual([...expected].sort())
  })

  test('of a member are all of them, with their reasons', () => {
    const roles = memberRoles(member, organization)
    expect(roles.map(({ role_id }) => role_id)).toEqual([
      'stytch_member',
      'editor',
      'auditor',
      'operator',
      'clerk',
      'reader'
    ])
    expect(roles.at(-1)?.sources).toEqual([
      { type: 'email_assignment', details: { email_domain: 'example.com' } }
    ])
  })

  test('of the domain do not come with an address that is not verified', () => {
    const unverified = { ...member, email_address_verified: false }
    expect(sessionRoles(unverified, organization, [])).not.toContain('reader')
    expect(memberRoles(unverified, organization)).toHaveLength(5)
  })

  test('that nobody assigned never appear', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), (role_ids) => {
        const assigned = role_ids.map((role_id) => ({
          role_id,
          source: { type: 'direct_assignment', details: {} }
        }))
        const roles = sessionRoles(aMember({ roles: assigned }), anOrganization(), [])
        expect(new Set(roles)).toEqual(new Set(['stytch_member', ...role_ids]))
      })
    )
  })
})

test('claims of a JWT cannot be replaced by custom ones', () => {
  const now = Date.UTC(2026, 0, 1, 12, 0, 0, 999)
  const claims = jwtClaims(
    'project-1',
    {
      member_session_id: 's1',
      member_id: 'm1',
      organization_id: 'o1',
      organization_slug: 'acme',
      started_at: '',
      last_accessed_at: '',
      expires_at: '',
      authentication_factors: [],
      roles: ['stytch_member'],
      custom_claims: { iss: 'evil', sub: 'evil', 'https://stytch.com/session': {}, plan: 'pro' }
    },
    now
  )
  const iat = Math.floor(now / 1000)
  expect(claims).toMatchObject({
    iss: 'stytch.com/project-1',
    aud: ['project-1'],
    sub: 'm1',
    iat,
    nbf: iat,
    exp: iat + 300,
    plan: 'pro',
    'https://stytch.com/session': { id: 's1', roles: ['stytch_member'] },
    'https://stytch.com/organization': { organization_id: 'o1', slug: 'acme' }
  })
})
