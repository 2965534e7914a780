import { AccessError } from '../../errors/access-error.ts'
import { ConfigError } from '../../errors/config-error.ts'
import { subjectOf } from '../../errors/explanation.ts'
import { assertKnownOptions, readNumber } from '../../errors/known-options.ts'
import type { AuthenticationFactor, MemberSession } from '../../wire/member-session.ts'
import { verifiesMember } from '../../wire/verifying-factors.ts'

/** How a member can verify a factor, and of which kind it is: two of one kind are no more than one. */
const kinds = {
  password: 'knowledge',
  magic_link: 'mailbox',
  email_otp: 'mailbox',
  oauth: 'provider',
  sso: 'provider',
  trusted_auth_token: 'provider',
  sms_otp: 'phone',
  totp: 'authenticator',
  recovery_codes: 'authenticator'
} as const

export type FactorMethod = keyof typeof kinds

/** What the MFA pages can verify again. */
const secondFactors: readonly FactorMethod[] = ['sms_otp', 'totp', 'recovery_codes']

export interface RecentFactorOptions {
  /** How long ago a factor may have been verified, in whole minutes. */
  readonly withinMinutes: number
  /** Which factors count. Default: all. */
  readonly methods?: readonly FactorMethod[]
  /**
   * How many factors of different kinds must be recent: a password, a mailbox (`magic_link`, `email_otp`), a provider
   * (`oauth`, `sso`, `trusted_auth_token`), a phone (`sms_otp`), an authenticator (`totp`, `recovery_codes`). Default 1.
   */
  readonly factors?: number
  /**
   * Make a remote check when the credential was last verified this many seconds ago or more, so that a session that has
   * ended passes no longer. Default 60, or what the options of the instance say where that is less.
   */
  readonly max_token_age_seconds?: number
}

/** The same with every default filled in. */
export interface RecentFactorPlan {
  readonly withinMinutes: number
  readonly methods: readonly FactorMethod[]
  readonly factors: number
}

const knownOptions: Readonly<Record<keyof RecentFactorOptions, true>> = {
  withinMinutes: true,
  methods: true,
  factors: true,
  max_token_age_seconds: true
}

const maxMinutes = 527_040

export function planRecentFactor(given: RecentFactorOptions): RecentFactorPlan {
  assertKnownOptions('requireRecentFactor', given, knownOptions)
  const allMethods = Object.keys(kinds) as FactorMethod[]
  const { withinMinutes, methods = allMethods, factors = 1 } = given
  if (!Array.isArray(methods) || methods.length === 0 || !methods.every(isMethod)) {
    throw new ConfigError(`methods must be a list of ${allMethods.join(', ')}, and not empty.`)
  }
  const distinctKinds = new Set(methods.map((method) => kinds[method])).size
  return Object.freeze({
    withinMinutes: readNumber('withinMinutes', withinMinutes, {
      min: 1,
      max: maxMinutes,
      integer: true
    }),
    methods,
    factors: readNumber('factors', factors, { min: 1, max: distinctKinds, integer: true })
  })
}

/**
 * Asserts that enough factors were verified recently. Exactly `withinMinutes` ago is recent; a factor that was verified
 * ahead of our clock, by more than clocks may differ, does not count, nor one that was registered in the session itself.
 *
 * @throws AccessError `recent_factor_required`
 */
export function assertRecentFactors(
  { withinMinutes, methods, factors }: RecentFactorPlan,
  member_session: MemberSession,
  { now, toleranceMs }: { readonly now: number; readonly toleranceMs: number }
): void {
  const recent = new Set<string>()
  for (const factor of member_session.authentication_factors) {
    const method = verifiesMember(factor) ? methodOf(factor) : undefined
    const ageMs = now - Date.parse(factor.last_authenticated_at ?? '')
    const isRecent = ageMs <= withinMinutes * 60_000 && ageMs >= -toleranceMs
    if (method !== undefined && methods.includes(method) && isRecent) recent.add(kinds[method])
  }
  if (recent.size >= factors) return

  const verifiable = methods.filter(
    (method) => isSecondFactor(method) && !recent.has(kinds[method])
  )
  const isEnough =
    verifiable.length > 0 &&
    recent.size + 1 >= factors &&
    !member_session.authentication_factors.some(isNewSecondFactor)
  throw new AccessError('recent_factor_required', {
    reason: 'factor_too_old',
    subject: subjectOf(member_session),
    required: {
      recent_factor: {
        withinMinutes,
        methods,
        factors,
        prove: isEnough ? 'second_factor' : 'sign_in'
      }
    },
    maxAgeSeconds: withinMinutes * 60
  })
}

/** The MFA pages would ask for it, and it counts no more than before: only a new sign-in changes that. */
function isNewSecondFactor(factor: AuthenticationFactor): boolean {
  const method = methodOf(factor)
  return factor.registered_in_session === true && method !== undefined && isSecondFactor(method)
}

/** As options and the API's settings name it; `undefined` for what says nothing of the person, such as an import. */
function methodOf({ type, delivery_method }: AuthenticationFactor): FactorMethod | undefined {
  if (type === 'otp') return delivery_method === 'sms' ? 'sms_otp' : 'email_otp'
  return isMethod(type) ? type : undefined
}

function isSecondFactor(method: FactorMethod): boolean {
  return secondFactors.includes(method)
}

function isMethod(value: unknown): value is FactorMethod {
  return typeof value === 'string' && Object.hasOwn(kinds, value)
}
