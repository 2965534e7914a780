import { describe, expect, test } from '@jest/globals'
import { passwordFactor, smsFactor, totpFactor } from '../../src/authority/domain/factors.ts'
import type {
  IntermediateSessionRecord,
  MemberRecord,
  SessionRecord
} from '../../src/authority/domain/records.ts'
import { missingPrimary } from '../../src/authority/domain/sign-in-requirements.ts'
import {
  exchangedFactors,
  factorsForMember,
  factorsToEnter,
  identifiesMember,
  identityOfIntermediateSession,
  identityOfSession,
  transferredFactors
} from '../../src/authority/domain/transferred-factors.ts'
import type { AuthenticationFactor } from '../../src/wire/member-session.ts'
import { aMember, anOrganization } from '../support/records.ts'
import { thrownBy } from './thrown.ts'

const email_address = 'ada@example.com'
const phone = '+12025550162'

const link = (address = email_address, email_id = 'email-source'): AuthenticationFactor => ({
  type: 'magic_link',
  delivery_method: 'email',
  sequence_order: 'PRIMARY',
  email_factor: { email_id, email_address: address }
})

const oauth = (provider: string, email_id?: string): AuthenticationFactor => ({
  type: 'oauth',
  delivery_method: `oauth_${provider}`,
  sequence_order: 'PRIMARY',
  [`${provider}_oauth_factor`]: {
    id: 'oauth-user-1',
    provider_subject: 'subject-1',
    ...(email_id === undefined ? {} : { email_id })
  }
})

const exchangedGoogle: AuthenticationFactor = {
  type: 'oauth',
  delivery_method: 'oauth_exchange_google',
  sequence_order: 'PRIMARY',
  google_oauth_exchange_factor: { email_id: 'email-source' }
}
const sso: AuthenticationFactor = {
  type: 'sso',
  delivery_method: 'sso_saml',
  sequence_order: 'PRIMARY',
  saml_sso_factor: { id: 's', provider_id: 'p', external_id: 'e' }
}
const sms = smsFactor('phone-source', phone)

const source = aMember({
  organization_id: 'organization-source',
  member_id: 'member-source',
  email_id: 'email-source'
})
const registered = {
  oauth_registrations: [
    {
      member_oauth_registration_id: 'r',
      provider_type: 'github',
      provider_subject: 'subject-1'
    }
  ]
}

function aSession(...authentication_factors: AuthenticationFactor[]): SessionRecord {
  return {
    member_session_id: 'member-session-1',
    member_id: source.member_id,
    organization_id: source.organization_id,
    token_salt: '',
    token_key_id: '',
    authentication_factors,
    custom_claims: {},
    started_at: 0,
    last_accessed_at: 0,
    expires_at: 0,
    version: 0
  }
}

function anIntermediateSession(
  fields: Partial<IntermediateSessionRecord> = {}
): IntermediateSessionRecord {
  return {
    intermediate_session_id: 'intermediate-session-1',
    member_id: null,
    organization_id: null,
    email_address,
    oauth_tenants: [],
    authentication_factors: [link()],
    created_at: 0,
    version: 0,
    ...fields
  }
}

const ofSource = { member_id: source.member_id, organization_id: source.organization_id }
const namesOf = (factors: readonly AuthenticationFactor[]) =>
  factors.map(({ delivery_method }) => delivery_method)

describe('an intermediate session', () => {
  test.each<[string, Partial<IntermediateSessionRecord>, Partial<MemberRecord>, string[] | string]>(
    [
      ['of discovery, by magic link', {}, {}, ['email']],
      [
        'of discovery, about another address',
        { email_address: 'eve@example.com' },
        {},
        'member_session_member_id_mismatch'
      ],
      [
        'of discovery, with a link to another address',
        { authentication_factors: [link('eve@example.com')] },
        {},
        []
      ],
      [
        'of discovery, by Google',
        { authentication_factors: [oauth('google')] },
        {},
        ['oauth_google']
      ],
      [
        'of discovery, by GitHub, which merely claims the address',
        { authentication_factors: [oauth('github')] },
        {},
        []
      ],
      [
        'of discovery, by GitHub, bound to the member',
        { authentication_factors: [oauth('github')] },
        registered,
        ['oauth_github']
      ],
      [
        'of discovery, by another provider with the same subject',
        { authentication_factors: [oauth('slack')] },
        registered,
        []
      ],
      [
        'of discovery, by a password',
        { authentication_factors: [passwordFactor, sso, totpFactor('t'), sms] },
        {},
        []
      ],
      [
        'of this member',
        {
          member_id: 'member-1',
          organization_id: 'organization-1',
          authentication_factors: [passwordFactor]
        },
        {},
        ['knowledge']
      ],
      [
        'of this member, who has another address by now',
        { member_id: 'member-1', organization_id: 'organization-1' },
        { email_address: 'new@example.com', email_id: 'email-new' },
        'member_session_member_id_mismatch'
      ],
      [
        'of another member of the organization',
        { member_id: 'member-2', organization_id: 'organization-1' },
        {},
        'member_session_member_id_mismatch'
      ],
      [
        'of the same person in another organization',
        ofSource,
        {},
        'invalid_intermediate_session_token_for_organization'
      ]
    ]
  )('%s counts for a sign-in as it should', (_, intermediate, member, expected) => {
    const found = () =>
      namesOf(factorsForMember(anIntermediateSession(intermediate), aMember(member)))
    if (typeof expected === 'string') expect(thrownBy(found)).toBe(expected)
    else expect(found()).toEqual(expected)
  })

  test.each<[string, Partial<IntermediateSessionRecord>, string[]]>([
    ['with a magic link', {}, ['email']],
    [
      'with everything that counts for nothing elsewhere',
      { authentication_factors: [passwordFactor, sso, totpFactor('t'), sms] },
      []
    ],
    [
      'with a provider account of the same address',
      { authentication_factors: [oauth('google', 'email-source')] },
      ['oauth_google']
    ],
    [
      'with a provider account of who knows which address',
      { authentication_factors: [oauth('google')] },
      []
    ],
    ['with a factor that was exchanged before', { authentication_factors: [exchangedGoogle] }, []]
  ])('of another member, %s, enters elsewhere with what counts there', (_, fields, expected) => {
    const intermediate = anIntermediateSession({ ...ofSource, ...fields })
    expect(namesOf(factorsToEnter(intermediate, aMember()))).toEqual(expected)
  })

  test('names the address of the member that took its factors over', () => {
    const authentication_factors = [link(), oauth('google')]
    const intermediate = anIntermediateSession({ authentication_factors })
    const member = aMember({ status: 'pending', email_id: 'email-target' })
    const [byLink, byGoogle] = factorsToEnter(intermediate, member)
    expect(byLink?.email_factor).toEqual({ email_id: 'email-target', email_address })
    expect(byGoogle?.google_oauth_factor?.email_id).toBe('email-target')
    for (const factor of [byLink, byGoogle]) {
      expect(missingPrimary(anOrganization(), member, factor ? [factor] : [])).toBeNull()
    }
  })

  test('proves its address by e-mail, Google or Microsoft, and by nothing else', () => {
    const provesBy = (factor: AuthenticationFactor) =>
      identityOfIntermediateSession(anIntermediateSession({ authentication_factors: [factor] }))
        .isAddressVerified
    for (const factor of [link(), oauth('google'), oauth('microsoft')]) {
      expect(provesBy(factor)).toBe(true)
    }
    for (const factor of [
      link('eve@example.com'),
      oauth('github'),
      oauth('slack'),
      oauth('hubspot'),
      exchangedGoogle,
      passwordFactor,
      sso,
      sms
    ]) {
      expect(provesBy(factor)).toBe(false)
    }
  })
})

describe('a session of another organization', () => {
  const verified = { email_address_verified: true }

  test.each<
    [string, AuthenticationFactor[], Partial<MemberRecord>, Partial<MemberRecord>, string[]]
  >([
    ['a magic link', [link()], {}, {}, ['email']],
    ['a password', [passwordFactor], verified, {}, []],
    ['SSO and an authenticator', [sso, totpFactor('t')], verified, {}, []],
    ['Google', [oauth('google', 'email-source')], {}, {}, ['oauth_google']],
    ['Google of who knows which address', [oauth('google')], {}, {}, []],
    [
      'the same, of a member with a verified address',
      [oauth('google')],
      verified,
      {},
      ['oauth_exchange_google']
    ],
    ['GitHub, and an address that is not verified', [oauth('github')], {}, {}, []],
    [
      'GitHub, of a member with a verified address',
      [oauth('github')],
      verified,
      {},
      ['oauth_exchange_github']
    ],
    [
      'GitHub, bound to the member there',
      [oauth('github')],
      {},
      registered,
      ['oauth_exchange_github']
    ],
    ['a link to an address before', [link('old@example.com', 'email-old')], {}, {}, []],
    ['a link to the same address in another life', [link(email_address, 'email-old')], {}, {}, []],
    ['Google of an address before', [oauth('google', 'email-old')], {}, {}, []],
    ['what was exchanged before', [exchangedGoogle], {}, {}, []],
    [
      'what was exchanged before, with a verified address',
      [exchangedGoogle],
      verified,
      {},
      ['oauth_exchange_google']
    ],
    [
      'a member there with another address',
      [link()],
      verified,
      { email_address: 'eve@example.com' },
      []
    ]
  ])('by %s is worth what it should', (_, factors, from, to, expected) => {
    const identity = identityOfSession(aSession(...factors), { ...source, ...from })
    const carried = exchangedFactors(identity, anOrganization(), aMember(to))
    expect(namesOf(carried)).toEqual(expected)
  })

  const hasPhone = { mfa_phone_number: phone, mfa_phone_number_verified: true }
  test.each<[string, Partial<MemberRecord>, Partial<MemberRecord>, string[]]>([
    ['both verified', hasPhone, hasPhone, ['email', 'sms']],
    ['verified there only', { mfa_phone_number: phone }, hasPhone, ['email']],
    ['verified here only', hasPhone, { mfa_phone_number: phone }, ['email']],
    [
      'another number there',
      hasPhone,
      { ...hasPhone, mfa_phone_number: '+12025550163' },
      ['email']
    ],
    ['no number anywhere', {}, {}, ['email']]
  ])('carries an SMS over with the same number: %s', (_, from, to, expected) => {
    const identity = identityOfSession(aSession(link(), sms), { ...source, ...from })
    const member = aMember({ ...to, phone_id: 'phone-target' })
    const carried = transferredFactors(identity, member)
    expect(namesOf(carried)).toEqual(expected)
    if (expected.includes('sms')) {
      expect(carried[1]?.phone_number_factor).toEqual({
        phone_id: 'phone-target',
        phone_number: phone
      })
    }
  })

  test.each([
    [['magic_link'], {}, ['email']],
    [['github_oauth'], {}, ['oauth_exchange_github']],
    [['password'], {}, []],
    [['password'], { is_breakglass: true }, ['email', 'oauth_exchange_github']]
  ] as const)('carries over what the other one accepts: %j', (methods, member, expected) => {
    const organization = anOrganization({
      auth_methods: 'RESTRICTED',
      allowed_auth_methods: [...methods]
    })
    const identity = identityOfSession(aSession(link(), oauth('github')), source)
    expect(namesOf(exchangedFactors(identity, organization, aMember(member)))).toEqual(expected)
  })

  test('tells the other organization no subject of a provider that it exchanged', () => {
    const identity = identityOfSession(aSession(link(), oauth('github')), source)
    const [, exchanged] = exchangedFactors(identity, anOrganization(), aMember())
    expect(exchanged).not.toHaveProperty('github_oauth_factor')
    expect(exchanged?.github_oauth_exchange_factor).toEqual({ email_id: 'email-1' })
    expect(identifiesMember({ ...identity, isAddressVerified: false }, aMember(registered))).toBe(
      true
    )
  })
})

describe('the address of a membership that begins', () => {
  const pending = aMember({ status: 'pending' })

  test.each([
    ['a link to it', link(email_address, 'email-1'), true],
    ['a link to the address before', link('old@example.com', 'email-old'), false],
    ['a link to the same text in another life', link(email_address, 'email-old'), false],
    ['Google with it', oauth('google', 'email-1'), true],
    ['Google with another', oauth('google', 'email-old'), false],
    ['Google with who knows which', oauth('google'), false],
    ['GitHub', oauth('github', 'email-1'), false],
    ['a password', passwordFactor, false]
  ])('is verified by %s: %p → %p', (_, factor, verified) => {
    expect(missingPrimary(anOrganization(), pending, [factor]) === null).toBe(verified)
  })
})
