import { describe, expect, test } from '@jest/globals'
import type { MemberSession } from 'membergate/client'
import { assertRecentFactors, planRecentFactor } from '../../src/core/guard/recent-factor.ts'

const now = Date.parse('2026-01-01T12:00:00Z')

function factor(type: string, delivery_method: string, minutesAgo: number, ms = 0) {
  const last_authenticated_at = new Date(now - minutesAgo * 60_000 - ms).toISOString()
  return { type, delivery_method, last_authenticated_at }
}

const password = (age: number, ms = 0) => factor('password', 'knowledge', age, ms)
const totp = (age: number) => factor('totp', 'authenticator_app', age)
const sms = (age: number) => factor('otp', 'sms', age)
const mail = (age: number) => factor('magic_link', 'email', age)
const registered = (given: ReturnType<typeof factor>) => ({ ...given, registered_in_session: true })
const appExchange = (age: number) => factor('oauth', 'oauth_access_token_exchange', age)
const trustedToken = (age: number) => factor('trusted_auth_token', 'trusted_token_exchange', age)

function decide(
  options: Parameters<typeof planRecentFactor>[0],
  authentication_factors: MemberSession['authentication_factors']
): string {
  try {
    const session = { authentication_factors } as unknown as MemberSession
    const clock = { now: now, toleranceMs: 5000 }
    assertRecentFactors(planRecentFactor(options), session, clock)
    return 'passes'
  } catch (error) {
    return Object(error).required.recent_factor.prove
  }
}

describe('a recent factor', () => {
  test.each([
    ['exactly as old as allowed', { withinMinutes: 10 }, [password(10)], 'passes'],
    ['a millisecond older', { withinMinutes: 10 }, [password(10, 1)], 'second_factor'],
    ['MF-19 ahead by the tolerance', { withinMinutes: 10 }, [password(0, -5000)], 'passes'],
    ['MF-19 ahead by more', { withinMinutes: 10 }, [password(0, -5001)], 'second_factor'],
    ['of a method that counts', { withinMinutes: 10, methods: ['sms_otp'] }, [sms(1)], 'passes'],
    ['of another method', { withinMinutes: 10, methods: ['totp'] }, [sms(1)], 'second_factor'],
    ['of none', { withinMinutes: 10, methods: ['password'] }, [totp(1)], 'sign_in'],
    ['imported', { withinMinutes: 10 }, [factor('imported', 'imported_auth0', 1)], 'second_factor'],
    ['of an app that the session let in', { withinMinutes: 10 }, [appExchange(1)], 'second_factor'],
    ['of a provider', { withinMinutes: 10 }, [factor('oauth', 'oauth_google', 1)], 'passes'],
    ['exchanged', { withinMinutes: 10 }, [factor('oauth', 'oauth_exchange_github', 1)], 'passes'],
    ['of an issuer', { withinMinutes: 10 }, [trustedToken(1)], 'passes']
  ] as const)('%s', (_, options, factors, expected) => {
    expect(decide(options, [...factors])).toBe(expected)
  })

  test.each([
    ['two kinds', [password(1), totp(1)], 'passes'],
    ['one kind', [password(1)], 'second_factor'],
    [
      'a password, and an app that the session let in',
      [password(1), appExchange(1)],
      'second_factor'
    ],
    ['nothing recent', [password(60), totp(60)], 'sign_in'],
    [
      'MF-18 one kind twice',
      [factor('email_otp', 'email', 1), factor('magic_link', 'email', 1)],
      'second_factor'
    ],
    [
      'MF-18 a recovery code beside its authenticator',
      [totp(1), factor('recovery_codes', 'recovery_code', 1)],
      'second_factor'
    ]
  ] as const)('two factors are of two kinds: %s', (_, factors, expected) => {
    expect(decide({ withinMinutes: 10, factors: 2 }, [...factors])).toBe(expected)
  })

  test.each([
    [
      'the same authenticator',
      { withinMinutes: 10 },
      [password(60), registered(totp(1))],
      'sign_in'
    ],
    [
      'the same address',
      { withinMinutes: 10 },
      [password(60), registered(mail(1))],
      'second_factor'
    ],
    [
      'one of two',
      { withinMinutes: 10, factors: 2 },
      [password(1), registered(totp(1))],
      'sign_in'
    ],
    ['beside one that counts', { withinMinutes: 10 }, [password(1), registered(totp(1))], 'passes']
  ] as const)(
    'what was registered in the session does not count: %s',
    (_, options, factors, expected) => {
      expect(decide(options, [...factors])).toBe(expected)
    }
  )

  test.each([
    {},
    { withinMinutes: 0 },
    { withinMinutes: Number.NaN },
    { withinMinutes: 10, methods: [] },
    { withinMinutes: 10, methods: ['sms'] },
    { withinMinutes: 10, methods: ['totp', 'recovery_codes'], factors: 2 },
    { within: 10 }
  ])('options %j stop the boot', (options) => {
    expect(() => planRecentFactor(options as never)).toThrow(
      expect.objectContaining({ code: 'config_invalid' })
    )
  })
})
