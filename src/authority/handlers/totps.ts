import type { Context, Handler } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import {
  isTotpCode,
  newRecoveryCodes,
  newTotpSecret,
  normalizeTotpSecret,
  totpQrCode,
  totpStep
} from '../crypto/totp.ts'
import { totpFactor } from '../domain/factors.ts'
import { clearTotpFailures } from '../domain/lockout.ts'
import {
  assertMayEnrolFactor,
  assertMfaMethodAllowed,
  hasOtherSecondFactor,
  mfaPreferences,
  withMfaPreferences
} from '../domain/mfa.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { MemberRecord, StoredTotp } from '../domain/records.ts'
import { answerMember } from '../steps/answer-member.ts'
import { assertMayUseCode } from '../steps/assert-may-use-code.ts'
import { attemptSecondFactor } from '../steps/attempts.ts'
import { finishSecondFactor } from '../steps/finish-second-factor.ts'
import { loadOrganizationAndMember } from '../steps/load.ts'
import {
  assertSessionReference,
  attemptAt,
  factorsToComplete,
  hasSessionReference,
  loadReferencedSessionOf
} from '../steps/session-reference.ts'
import { openTotpSecret, sealedRegistration } from '../steps/totp-registration.ts'

const minuteMs = 60_000
const defaultExpirationMinutes = 60
const recoveryCodeForm = /^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$/i

/**
 * A registration that waits for its first code, instead of any other that still waits. After another second factor it is
 * counted anew: the one before it may be disabled.
 */
export const create: Handler<'totps.create'> = async (context, request) => {
  const { store, environment, now } = context
  const { organization, member } = await loadOrganizationAndMember(context, request)
  const referenced = hasSessionReference(request)
    ? await loadReferencedSessionOf(context, member, request)
    : undefined
  assertMfaMethodAllowed('totp', organization, member, factorsToComplete(referenced))
  const factors = referenced?.record.authentication_factors ?? []
  assertMayEnrolFactor(member, factors)

  const secret = newTotpSecret()
  const recovery_codes = newRecoveryCodes()
  const totp_registration_id = newId('member-totp', environment)
  const { expiration_minutes = defaultExpirationMinutes } = request
  const writes = sealedRegistration(context, {
    member_id: member.member_id,
    totp_registration_id,
    secret,
    recovery_codes,
    active: false,
    expires_at: now + expiration_minutes * minuteMs
  })
  const reenabled = hasOtherSecondFactor('totp', factors) ? clearTotpFailures(member.member_id) : []
  await store.run([...reenabled, ...writes])

  return {
    ...answerMember(context, member, organization),
    totp_registration_id,
    secret,
    qr_code: totpQrCode(secret, organization.organization_name, member.email_address),
    recovery_codes
  }
}

/**
 * - The session or intermediate session must be the member's, and primary authentication complete.
 * - A first code enrols a factor, so what held for the registration holds again: another factor may have come since.
 * - The code is counted before it is compared; each step counts once.
 * - The step, the end of the intermediate session and the new session are one unit: all or nothing.
 */
export const authenticate: Handler<'totps.authenticate'> = async (context, request) => {
  assertSessionReference(request)
  const { organization, member } = await loadOrganizationAndMember(context, request)
  const referenced = await loadReferencedSessionOf(context, member, request)
  assertMfaMethodAllowed('totp', organization, member, factorsToComplete(referenced))
  assertTotpCodeForm(request.code)
  const totp = await loadTotp(context, member)
  const registration = { isNew: !totp.active, registered_at: totp.created_at }
  assertMayUseCode(context, member, referenced, { ...request, method: 'totp', registration })

  const secret = openTotpSecret(context, member.member_id, totp)
  const { now } = context
  const { member_id } = member
  const { totp_registration_id } = totp
  const onConflict = 'totp_code_already_authenticated'
  const preferences = mfaPreferences('totp', organization, member, request)
  const attempted = attemptAt('totp', member, referenced)
  const answer = await attemptSecondFactor(context, attempted, {
    compare: async () => totpStep(secret, request.code, now),
    finish: (step) =>
      finishSecondFactor(context, request, {
        organization,
        before: member,
        member: { ...withMfaPreferences(member, preferences, now), totp_registration_id },
        lockable: attempted.lockable,
        referenced,
        factor: totpFactor(totp_registration_id),
        registration,
        writes: [
          { do: 'useTotpStep', member_id, totp_registration_id, step, now, onConflict },
          { do: 'setMfaPreferences', member_id, ...preferences, now }
        ]
      })
  })
  if (answer === undefined) throw new OperationError('unable_to_authenticate_totp')
  return answer
}

/**
 * An authenticator from elsewhere, verified there: active at once. The backend answers for it, so neither the factors of
 * the member nor the methods of the organization matter.
 */
export const migrate: Handler<'totps.migrate'> = async (context, request) => {
  const { store, environment, now } = context
  const { organization, member } = await loadOrganizationAndMember(context, request)
  const secret = normalizeTotpSecret(request.secret)
  if (secret === undefined) {
    throw new OperationError('invalid_argument', 'secret must be base32 of at least 80 bits.')
  }

  const { member_id, default_mfa_method } = member
  const totp_registration_id = newId('member-totp', environment)
  const given = request.recovery_codes
  const recovery_codes = given.length === 0 ? newRecoveryCodes() : given
  const writes = [
    ...clearTotpFailures(member_id),
    ...sealedRegistration(context, {
      member_id,
      totp_registration_id,
      secret,
      recovery_codes,
      active: true,
      expires_at: now
    })
  ]
  let changed: MemberRecord = { ...member, totp_registration_id }
  if (default_mfa_method === '') {
    const preferences = { mfa_enrolled: null, default_mfa_method: 'totp' } as const
    writes.push({ do: 'setMfaPreferences', member_id, ...preferences, now })
    changed = withMfaPreferences(changed, preferences, now)
  }
  await store.run(writes)

  return {
    ...answerMember(context, changed, organization),
    totp_registration_id,
    recovery_codes
  }
}

function assertTotpCodeForm(code: string): void {
  if (isTotpCode(code)) return
  const type = recoveryCodeForm.test(code) ? 'recovery_code_used_as_totp_code' : 'invalid_totp_code'
  throw new OperationError(type)
}

async function loadTotp({ store, now }: Context, { member_id }: MemberRecord): Promise<StoredTotp> {
  const totp = await store.findTotp(member_id)
  if (totp === undefined) throw new OperationError('totp_not_found')
  if (!totp.active && totp.expires_at <= now) throw new OperationError('expired_totp')
  return totp
}
