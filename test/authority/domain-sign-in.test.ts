import { describe, expect, test } from '@jest/globals'
import { addFactor, passwordFactor, totpFactor } from '../../src/authority/domain/factors.ts'
import {
  assertMayEnrolFactor,
  assertMfaMethodAllowed,
  mfaPreferences
} from '../../src/authority/domain/mfa.ts'
import type { MemberRecord } from '../../src/authority/domain/records.ts'
import {
  acceptsFactor,
  missingForSession,
  missingPrimary
} from '../../src/authority/domain/sign-in-requirements.ts'
import { authMethods } from '../../src/wire/organization.ts'
import { aMember, anOrganization } from '../support/records.ts'
import { thrownBy } from './thrown.ts'

const magicLink = {
  type: 'magic_link',
  delivery_method: 'email',
  sequence_order: 'PRIMARY',
  email_factor: { email_id: 'email-1', email_address: 'ada@example.com' }
}
const sms = {
  type: 'otp',
  delivery_method: 'sms',
  sequence_order: 'SECONDARY',
  phone_number_factor: { phone_id: 'phone-1', phone_number: '+12025550162' }
}
const googleOauth = { type: 'oauth', delivery_method: 'oauth_google', sequence_order: 'PRIMARY' }
const githubOauth = { type: 'oauth', delivery_method: 'oauth_github', sequence_order: 'PRIMARY' }
const totp = totpFactor('totp-1')
const withPhone = { phone_id: 'phone-1', mfa_phone_number: '+12025550162' }

describe('a second factor', () => {
  test.each([
    ['OPTIONAL', false, [passwordFactor], false],
    ['OPTIONAL', true, [passwordFactor], true],
    ['REQUIRED_FOR_ALL', false, [passwordFactor], true],
    ['REQUIRED_FOR_ALL', true, [passwordFactor], true],
    ['OPTIONAL', true, [passwordFactor, totp], false],
    ['REQUIRED_FOR_ALL', false, [passwordFactor, sms], false]
  ])(
    'under %s, enrolled %s, is asked for when none was verified (%#)',
    (mfa_policy, mfa_enrolled, factors, asked) => {
      const missing = missingForSession(
        anOrganization({ mfa_policy }),
        aMember({ mfa_enrolled }),
        factors
      )
      expect(missing.mfa_required !== null).toBe(asked)
      expect(missing.primary_required).toBeNull()
    }
  )

  test.each<[string, Partial<MemberRecord>, object | null]>([
    ['nothing', {}, null],
    [
      'a verified number, masked',
      { ...withPhone, mfa_phone_number_verified: true },
      { mfa_phone_number: 'XXXXXXX0162', totp_registration_id: '' }
    ],
    [
      'an unverified number while there is nothing else',
      withPhone,
      { mfa_phone_number: 'XXXXXXX0162', totp_registration_id: '' }
    ],
    [
      'an authenticator, and not an unverified number beside it',
      { ...withPhone, totp_registration_id: 'totp-1' },
      { mfa_phone_number: '', totp_registration_id: 'totp-1' }
    ],
    [
      'both',
      { ...withPhone, mfa_phone_number_verified: true, totp_registration_id: 'totp-1' },
      { mfa_phone_number: 'XXXXXXX0162', totp_registration_id: 'totp-1' }
    ]
  ])('is offered as what the member has: %s', (_, member, expected) => {
    const organization = anOrganization({ mfa_policy: 'REQUIRED_FOR_ALL' })
    const missing = missingForSession(organization, aMember(member), [passwordFactor])
    expect(missing.mfa_required).toEqual({
      member_options: expected,
      secondary_auth_initiated: null
    })
  })
})

describe('a primary factor', () => {
  const restricted = {
    auth_methods: 'RESTRICTED',
    allowed_auth_methods: ['magic_link', 'google_oauth']
  }

  test.each([
    [{}, {}, [passwordFactor], null],
    [restricted, {}, [passwordFactor], ['magic_link', 'google_oauth']],
    [restricted, { is_breakglass: true }, [passwordFactor], null],
    [restricted, {}, [passwordFactor, magicLink], null],
    [restricted, {}, [googleOauth], null],
    [restricted, {}, [githubOauth], ['magic_link', 'google_oauth']],
    [restricted, {}, [totp], ['magic_link', 'google_oauth']],
    [{}, {}, [], authMethods],
    [
      {},
      { status: 'pending' },
      [passwordFactor],
      ['magic_link', 'email_otp', 'google_oauth', 'microsoft_oauth']
    ],
    [{}, { status: 'invited' }, [passwordFactor, magicLink], null],
    [
      restricted,
      { status: 'pending', is_breakglass: true },
      [passwordFactor],
      ['magic_link', 'google_oauth']
    ]
  ] as const)(
    'is missing as the organization and the membership say (%#)',
    (settings, member, factors, methods) => {
      const missing = missingPrimary(anOrganization(settings as object), aMember(member), factors)
      expect(missing?.allowed_auth_methods ?? null).toEqual(methods)
    }
  )

  test('that the organization does not list is not accepted, except from a breakglass member', () => {
    const organization = anOrganization({
      auth_methods: 'RESTRICTED',
      allowed_auth_methods: ['sso']
    })
    expect(acceptsFactor(organization, aMember(), passwordFactor)).toBe(false)
    expect(acceptsFactor(organization, aMember({ is_breakglass: true }), passwordFactor)).toBe(true)
  })
})

describe('enrolling another second factor', () => {
  const verifiedPhone = { ...withPhone, mfa_phone_number_verified: true }
  const authenticator = { totp_registration_id: 'totp-1' }

  test.each<[string, Partial<MemberRecord>, object[], boolean]>([
    ['no factor, no session', {}, [], true],
    ['an unverified number, no session', withPhone, [], true],
    ['a verified number, no session', verifiedPhone, [], false],
    ['a verified number, password only', verifiedPhone, [passwordFactor], false],
    ['a verified number that was verified', verifiedPhone, [passwordFactor, sms], true],
    [
      'a verified number, but another one was verified',
      { ...verifiedPhone, phone_id: 'phone-2' },
      [sms],
      false
    ],
    ['an authenticator that was verified', authenticator, [totp], true],
    [
      'an authenticator, but an older one was verified',
      { totp_registration_id: 'totp-2' },
      [totp],
      false
    ],
    [
      'an authenticator that a recovery code stood in for',
      authenticator,
      [{ type: 'recovery_codes', delivery_method: 'recovery_code' }],
      true
    ],
    [
      'an authenticator, with an unverified number verified',
      { ...withPhone, ...authenticator },
      [sms],
      false
    ]
  ])('is held to the one there is: %s', (_, member, factors, allowed) => {
    const refusal = thrownBy(() => assertMayEnrolFactor(aMember(member), factors as never))
    expect(refusal).toBe(allowed ? undefined : 'insufficient_factors')
  })

  test.each([
    [{ status: 'pending' }, {}, undefined, 'action_available_only_for_active_members'],
    [{}, {}, [], 'action_available_only_once_primary_authentication_is_met'],
    [
      {},
      { mfa_methods: 'RESTRICTED', allowed_mfa_methods: ['sms_otp'] },
      [passwordFactor],
      'operation_restricted_by_organization_mfa_methods'
    ],
    [
      { is_breakglass: true },
      { mfa_methods: 'RESTRICTED', allowed_mfa_methods: ['sms_otp'] },
      [passwordFactor],
      undefined
    ],
    [{}, { mfa_methods: 'RESTRICTED', allowed_mfa_methods: ['totp'] }, undefined, undefined]
  ] as const)(
    'needs an active member, a complete sign-in and an allowed method (%#)',
    (member, settings, factors, expected) => {
      const organization = anOrganization(settings as object)
      expect(
        thrownBy(() => assertMfaMethodAllowed('totp', organization, aMember(member), factors))
      ).toBe(expected)
    }
  )
})

describe('a completed second factor', () => {
  test.each([
    ['OPTIONAL', '', {}, { mfa_enrolled: null, default_mfa_method: 'totp' }],
    ['OPTIONAL', 'sms_otp', {}, { mfa_enrolled: null, default_mfa_method: null }],
    [
      'OPTIONAL',
      'sms_otp',
      { set_default_mfa: true },
      { mfa_enrolled: null, default_mfa_method: 'totp' }
    ],
    [
      'OPTIONAL',
      'sms_otp',
      { set_default_mfa: false },
      { mfa_enrolled: null, default_mfa_method: null }
    ],
    [
      'OPTIONAL',
      'totp',
      { set_mfa_enrollment: 'enroll' },
      { mfa_enrolled: true, default_mfa_method: null }
    ],
    [
      'OPTIONAL',
      'totp',
      { set_mfa_enrollment: 'unenroll' },
      { mfa_enrolled: false, default_mfa_method: null }
    ],
    [
      'REQUIRED_FOR_ALL',
      'totp',
      { set_mfa_enrollment: 'unenroll' },
      { mfa_enrolled: true, default_mfa_method: null }
    ]
  ] as const)(
    'under %s with default "%s" and %j sets %j',
    (mfa_policy, default_mfa_method, request, expected) => {
      const organization = anOrganization({ mfa_policy })
      expect(
        mfaPreferences('totp', organization, aMember({ default_mfa_method }), request)
      ).toEqual(expected)
    }
  )
})

describe('a factor', () => {
  test('verified again is renewed in its place', () => {
    const first = addFactor([], totp, Date.UTC(2026, 0, 1))
    const again = addFactor(
      addFactor(first, passwordFactor, Date.UTC(2026, 0, 2)),
      totp,
      Date.UTC(2026, 0, 3)
    )
    expect(again.map(({ type }) => type)).toEqual(['totp', 'password'])
    expect(again[0]).toMatchObject({
      created_at: '2026-01-01T00:00:00Z',
      updated_at: '2026-01-03T00:00:00Z',
      last_authenticated_at: '2026-01-03T00:00:00Z'
    })
  })

  test('of another registration stands beside', () => {
    const first = addFactor([], totp, 0)
    expect(addFactor(first, totpFactor('totp-2'), 0)).toHaveLength(2)
  })
})
