import { readPemKey } from '../../jwt/verification-key.ts'
import type { ProjectSettings, SendLimit, TrustedTokenProfile } from './records.ts'

/**
 * What a project has where its seed sets nothing: SMS to the United States and Canada, no link anywhere, neither another
 * provider that is believed nor an app that is let in, sessions that last as they began, and five minutes for what needs a
 * factor that was verified lately.
 */
export const defaultSettings: ProjectSettings = {
  sms_country_codes: ['US', 'CA'],
  redirect_urls: [],
  trusted_auth_token_profiles: [],
  userinfo_url: null,
  userinfo_email_verified: null,
  userinfo_satisfies_mfa: false,
  strict_claimed_domains: false,
  activate_members_created_by_session: false,
  restore_removed_roles: false,
  connected_apps: [],
  recent_factor_minutes: 5,
  maximum_session_minutes: null,
  enforce_mfa_on_running_sessions: false,
  email_limits: {
    email_address: [perHour(10), perDay(30)],
    mailbox: [perHour(50), perDay(150)],
    ip_address: [perHour(300)],
    organization: [perHour(1000)],
    project: [perHour(10_000)]
  },
  sms_limits: {
    member: [perMinute(1), perHour(5), perDay(10)],
    phone_number: [perMinute(1), perHour(5), perDay(10)],
    number_prefix: [perHour(50)],
    ip_address: [perHour(50)],
    country: [perHour(200)],
    organization: [perHour(200)],
    project: [perDay(1000)]
  },
  guess_limits: { failures: 100, accounts: 20, alarm: 1000, minutes: 60 }
}

/** What is named replaces what there was; of limits, each that is named. */
export function withSettings(
  before: ProjectSettings,
  { email_limits, sms_limits, guess_limits, ...named }: NamedSettings
): ProjectSettings {
  return {
    ...before,
    ...named,
    email_limits: { ...before.email_limits, ...email_limits },
    sms_limits: { ...before.sms_limits, ...sms_limits },
    guess_limits: { ...before.guess_limits, ...guess_limits }
  }
}

type Limits = 'email_limits' | 'sms_limits' | 'guess_limits'
export type NamedSettings = Partial<Omit<ProjectSettings, Limits>> & {
  readonly [Name in Limits]?: Partial<ProjectSettings[Name]>
}

function perMinute(messages: number): SendLimit {
  return { messages, minutes: 1 }
}

function perHour(messages: number): SendLimit {
  return { messages, minutes: 60 }
}

function perDay(messages: number): SendLimit {
  return { messages, minutes: 1440 }
}

/** Issuers of this name are authorities: their session JWTs must not pass for tokens of another issuer. */
const ownIssuer = /^stytch\.com\//

/** What is wrong with profiles that are well-formed each by itself. */
export function faultOfProfiles(profiles: readonly TrustedTokenProfile[]): string | undefined {
  if (hasTwins(profiles.map(({ profile_id }) => profile_id))) {
    return 'must not hold two of one profile_id.'
  }
  if (hasTwins(profiles.map(({ issuer }) => issuer))) {
    return 'must not hold two of one issuer: a token would be of both.'
  }
  if (!profiles.every(hasFittingKeys)) {
    return 'must not hold pem_files that none of the algorithms of their profile can use.'
  }
  return profiles.some(({ issuer }) => ownIssuer.test(issuer))
    ? 'must not hold an issuer stytch.com/…: the session JWTs of an authority are no trusted auth tokens.'
    : undefined
}

function hasFittingKeys(profile: TrustedTokenProfile): boolean {
  if (profile.public_key_type === 'JWK') return true
  return profile.pem_files.every((pem) => readPemKey(pem, profile.algorithms) !== undefined)
}

/** What a URL of UserInfo lacks beside it: how far its addresses are believed has no default. */
export function faultOfUserinfo(settings: ProjectSettings): string | undefined {
  return settings.userinfo_url !== null && settings.userinfo_email_verified === null
    ? "needs userinfo_email_verified beside it: write 'claim' where UserInfo answers email_verified, or 'vouched' where " +
        'the provider gives out verified addresses only.'
    : undefined
}

export function hasTwins(names: readonly string[]): boolean {
  return new Set(names).size < names.length
}
