import type { AuthenticationFactor } from '../../wire/member-session.ts'
import type { AuditRecord } from './audit.ts'
import type { Lockable } from './lockables.ts'
import type { Conflict } from './operation-error.ts'
import type {
  CodePurpose,
  CustomPolicy,
  GrantRecord,
  IntermediateSessionRecord,
  JsonObject,
  LinkKind,
  LinkRecord,
  MemberRecord,
  OneTimeCodeRecord,
  OrganizationRecord,
  PasswordRecord,
  ProjectSettings,
  SessionRecord,
  SigningKeyRecord,
  TotpRecord
} from './records.ts'

/** What a member row holds itself; the rest of {@link MemberRecord} stands in other rows or has its own writes. */
export type MemberRow = Omit<MemberRecord, 'member_password_id' | 'totp_registration_id' | 'locks'>

interface Writes {
  insertProject: {
    secret_hash: string | null
    policy: CustomPolicy
    settings: ProjectSettings
    now: number
  }
  setProjectSecret: { secret_hash: string }
  setProjectPolicy: { policy: CustomPolicy }
  setProjectSettings: { settings: ProjectSettings }
  /** Guarded: no other process made the key of this generation. */
  insertSigningKey: { key: SigningKeyRecord }
  /** Ends the keys of earlier generations then, unless they end before. */
  endSigningKeys: { before_generation: number; ends_at: number }

  insertOrganization: { organization: OrganizationRecord }
  /** A slug or external id of one organization names no other of the project. Guarded: not another's. */
  claimIdentifier: { organization_id: string; identifier: string }
  releaseIdentifier: { organization_id: string; identifier: string }
  /** Guarded by the version that `organization` was read at. */
  updateOrganization: { organization: OrganizationRecord }
  /** With its members, their sessions, and all else that belongs to it. */
  deleteOrganization: { organization_id: string }
  setOrganizationRoles: Pick<
    OrganizationRecord,
    'organization_id' | 'custom_roles' | 'removed_roles' | 'version'
  >

  insertMember: { member: MemberRow }
  /** Guarded by the version that `member` was read at. */
  updateMember: { member: MemberRow }
  /** With its sessions, factors and addresses. Guarded by the version that `member` was read at. */
  deleteMember: { member: MemberRow }
  /** Keeps what describes a deleted member, so that it can come back. */
  insertDeletedMember: { member: MemberRow }
  /** Guarded: it is still deleted. */
  deleteDeletedMember: { member_id: string }
  /** What names an e-mail address without a member: nothing, where a member of the project has it, deleted or not. */
  eraseLinks: { email_address: string }
  eraseCodes: { email_address: string }
  eraseIntermediateSessions: { email_address: string }
  eraseFailures: { email_address: string; lockable: Lockable }
  eraseSendCounts: { email_address: string; mailbox: string }
  /** An e-mail address belongs to one member of an organization, also after it was retired. Guarded: not another member's. */
  claimEmail: { organization_id: string; member_id: string; email_address: string }
  releaseEmail: { organization_id: string; member_id: string; email_address: string }
  /** Guarded: it is still the e-mail address that was verified. */
  activateMember: { member_id: string; email_id: string; now: number }
  /** Guarded: the member has no number. */
  linkPhoneNumber: { member_id: string; phone_id: string; mfa_phone_number: string; now: number }
  /** Guarded: it is still the member's. */
  verifyPhoneNumber: { member_id: string; phone_id: string; now: number }
  /** `null` leaves a preference as it is. */
  setMfaPreferences: {
    member_id: string
    mfa_enrolled: boolean | null
    default_mfa_method: MemberRecord['default_mfa_method'] | null
    now: number
  }

  /**
   * Counts an attempt before its secret is compared. Each as many as `per_lock` lock, and as many as `until_disabled`
   * disable. Guarded: neither locked nor disabled.
   */
  reserveAttempt: {
    lockable: Lockable
    now: number
    per_lock: number
    lock_ms: number
    until_disabled: number
  }
  /** Gives a reserved attempt back, and the lock that it may have set, where others are counted. */
  releaseAttempt: { lockable: Lockable }
  /** The same where it is the only one: nothing is left of it. */
  releaseOnlyAttempt: { lockable: Lockable }
  /** Forgets what was counted, and ends the lock. */
  clearFailures: { lockable: Lockable }
  /** Leaves what was counted, and what is disabled. */
  endLock: { lockable: Lockable }

  /** Guarded: the member has none. */
  insertPassword: { member_id: string; password: PasswordRecord; now: number }
  /** Guarded: it is still the password that was compared. */
  confirmPassword: { member_id: string; password: PasswordRecord }
  /** Replaces a password that there is. */
  putPassword: { member_id: string; password: PasswordRecord; now: number }
  deletePassword: { member_id: string }
  /** Guarded: it is still the one of that id. */
  deletePasswordById: { member_id: string; member_password_id: string }

  /** Replaces a registration that waits for its first code. Guarded: none is active. */
  putTotp: { member_id: string; totp: TotpRecord; now: number }
  /** Guarded: no code of this or a later step was used, and the registration has not ended. */
  useTotpStep: { member_id: string; totp_registration_id: string; step: number; now: number }
  /** Also one that waits for its first code. Guarded: there is one. */
  deleteTotp: { member_id: string }
  /** Guarded: it is still there, and active. Another call that changes its codes waits. */
  confirmTotp: { member_id: string; totp_registration_id: string }
  deleteRecoveryCodes: { member_id: string }
  insertRecoveryCode: { member_id: string; recovery_code_id: string; code: string; now: number }
  /** Guarded: it was not used, and not replaced. */
  useRecoveryCode: { member_id: string; recovery_code_id: string }

  /** Ends each session this long after its start, unless it ends before. */
  boundSessions: { maximum_ms: number }
  insertSession: { session: SessionRecord; token_hash: string }
  /**
   * Guarded: neither revoked nor expired. Factors and claims are replaced as a whole, so a `version` guards them;
   * `null` leaves a column as it is.
   */
  updateSession: {
    member_session_id: string
    now: number
    expires_at: number | null
    authentication_factors: readonly AuthenticationFactor[] | null
    custom_claims: JsonObject | null
    version: number | null
  }
  /** Guarded: neither revoked nor expired. */
  revokeSession: { member_session_id: string; now: number }
  revokeMemberSessions: { member_id: string; now: number }
  /** All of the member but the one that is named. */
  revokeOtherSessions: { member_id: string; member_session_id: string; now: number }

  /** Ends the sessions of a member that hold a factor of the SSO connection. */
  revokeConnectionSessions: { member_id: string; connection_id: string; now: number }

  insertIntermediateSession: {
    intermediate_session: IntermediateSessionRecord
    token_hash: string
    expires_at: number
  }
  /** Binds it to a member, with these factors. Guarded by the version that it was read at. */
  bindIntermediateSession: { intermediate_session: IntermediateSessionRecord; now: number }
  /** Changes nothing. Guarded: alive. Another call that uses it at the same time waits. */
  confirmIntermediateSession: { intermediate_session_id: string; now: number }
  /** Counts a code before it is compared. Guarded: alive, with codes left. */
  reserveIntermediateAttempt: { intermediate_session_id: string; now: number; limit: number }
  releaseIntermediateAttempt: { intermediate_session_id: string }
  /** Guarded: alive, no other call was faster, and it still has the version that it was read at. */
  consumeIntermediateSession: { intermediate_session_id: string; version: number; now: number }
  deleteMemberIntermediateSessions: { member_id: string }
  /** All of the member but the one that is named. */
  deleteOtherIntermediateSessions: { member_id: string; intermediate_session_id: string }

  insertLink: { link: LinkRecord; token_hash: string; now: number }
  /** Guarded: not used, not expired. */
  useLink: { link_id: string; now: number }
  /** Ends links that wait in the member's mailbox. */
  deleteMemberLinks: { member_id: string; kind: LinkKind }

  /** Replaces the code that there is of this purpose and subject. */
  putCode: { code: OneTimeCodeRecord; now: number }
  deleteMemberCodes: { member_id: string; purpose: CodePurpose }
  /** Counts an attempt before it is compared. Guarded: it is still the newest code, with attempts left. */
  reserveCodeAttempt: { code: OneTimeCodeRecord; limit: number }
  /** Guarded: the newest code, not used, not expired. */
  useCode: { code: OneTimeCodeRecord; now: number }

  /** Guarded: the token was not used, or has ended, so that no call takes it any more. */
  useTrustedToken: { token_hash: string; expires_at: number; now: number }

  insertGrant: { grant: GrantRecord; code_hash: string; now: number }
  /** Guarded: the code was not redeemed, and has not ended. */
  redeemGrant: {
    grant_id: string
    token_hash: string
    family_hash: string | null
    refresh_hash: string | null
    expires_at: number
    now: number
  }
  /** Guarded: the refresh token that was used is the newest, and neither revoked nor ended. */
  refreshGrant: {
    grant_id: string
    token_hash: string
    used_hash: string
    refresh_hash: string
    now: number
  }
  /** Guarded: the access token is the newest, was not exchanged, and not revoked. */
  exchangeGrant: { grant_id: string; token_hash: string; now: number }
  revokeGrant: { grant_id: string; now: number }
  /** What apps were granted, but by the session that is spared; all of it where that is empty. */
  revokeMemberGrants: { member_id: string; spared: string; now: number }
  /** What one app was granted by the member. */
  revokeAppGrants: { member_id: string; client_id: string; now: number }
  putConsent: { member_id: string; client_id: string; scopes: readonly string[]; now: number }
  deleteConsent: { member_id: string; client_id: string }

  insertAuditEvent: { record: AuditRecord }

  /** Counts a message. Guarded: fewer than `limit` were counted in the time that ends now. */
  countSend: { counter: string; window_ms: number; limit: number; now: number }

  /** Encrypts anew. It does nothing where the text is not `sealed_before` any more. */
  resealSigningKey: { kid: string; sealed_before: string; sealed: string }
  resealTotp: { member_id: string; sealed_before: string; sealed: string }
  resealRecoveryCode: { recovery_code_id: string; sealed_before: string; sealed: string }

  /** Guarded: no other process has the lease now. */
  takeLease: { name: string; now: number; expires_at: number }
  /** Some of the rows that ended by then, at most `limit`. Guarded: there are any. */
  sweepSessions: Sweep
  sweepIntermediateSessions: Sweep
  sweepLinks: Sweep
  sweepOneTimeCodes: Sweep
  sweepSendCounts: Sweep
  sweepFailedAttempts: Sweep
  sweepUsedTrustedTokens: Sweep
  sweepGrants: Sweep
  sweepSigningKeys: Sweep
  sweepAuditEvents: Sweep
}

export interface Sweep {
  ended_by: number
  limit: number
}

/**
 * One conditional statement. With `onConflict` it is guarded: when it touches no row, nothing of its list happens, and
 * `onConflict` says what that means to the call.
 */
export type Write = {
  [Do in keyof Writes]: { readonly do: Do; readonly onConflict?: Conflict } & Readonly<Writes[Do]>
}[keyof Writes]

export type WriteNamed<Do extends Write['do']> = Extract<Write, { do: Do }>
