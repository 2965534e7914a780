import type { Handler } from '../context.ts'
import { newRecoveryCodes } from '../crypto/totp.ts'
import { hasRegisteredTotp, recoveryCodeFactor } from '../domain/factors.ts'
import { assertMayCompleteMfa } from '../domain/mfa.ts'
import { OperationError } from '../domain/operation-error.ts'
import {
  assertHasAuthenticator,
  assertNoTotpCode,
  findRecoveryCode
} from '../domain/recovery-codes.ts'
import { answerMember } from '../steps/answer-member.ts'
import { attemptSecondFactor } from '../steps/attempts.ts'
import { finishSecondFactor } from '../steps/finish-second-factor.ts'
import { loadOrganizationAndMember } from '../steps/load.ts'
import { noteNotice } from '../steps/notices.ts'
import {
  assertSessionReference,
  attemptAt,
  factorsToComplete,
  loadReferencedSessionOf
} from '../steps/session-reference.ts'
import { openRecoveryCodes, sealedRecoveryCodes } from '../steps/totp-registration.ts'

export const get: Handler<'recoveryCodes.get'> = async (context, request) => {
  const { organization, member } = await loadOrganizationAndMember(context, request)
  assertHasAuthenticator(member)
  const { member_id } = member
  const codes = await openRecoveryCodes(context, member_id)
  return {
    ...answerMember(context, member, organization),
    recovery_codes: codes.map(({ code }) => code)
  }
}

/** Rotations at the same time take turns, so that the codes of one of them are left. */
export const rotate: Handler<'recoveryCodes.rotate'> = async (context, request) => {
  const { organization, member } = await loadOrganizationAndMember(context, request)
  const { member_id, totp_registration_id } = member
  const recovery_codes = newRecoveryCodes()
  const onConflict = 'recovery_codes_not_found'
  await context.store.run([
    { do: 'confirmTotp', member_id, totp_registration_id, onConflict },
    ...sealedRecoveryCodes(context, member_id, recovery_codes)
  ])

  return {
    ...answerMember(context, member, organization),
    recovery_codes
  }
}

/**
 * - The session or intermediate session must be the member's, and primary authentication complete.
 * - A recovery code is no MFA method of its own: neither what the organization allows nor the default matters.
 * - The code is counted before it is compared; each works once.
 * - Those of an authenticator that was registered in the session say no more of the person than it does.
 * - The code, the end of the intermediate session and the new session are one unit: all or nothing.
 */
export const recover: Handler<'recoveryCodes.recover'> = async (context, request) => {
  assertSessionReference(request)
  const { organization, member } = await loadOrganizationAndMember(context, request)
  const referenced = await loadReferencedSessionOf(context, member, request)
  assertMayCompleteMfa(organization, member, factorsToComplete(referenced))
  assertHasAuthenticator(member)
  const { member_id } = member
  const codes = await openRecoveryCodes(context, member_id)
  assertNoTotpCode(request.recovery_code, codes)

  const wrong = 'unable_to_authenticate_recovery_code'
  const attempted = attemptAt('recovery_codes', member, referenced)
  const answer = await attemptSecondFactor(context, attempted, {
    compare: async () => findRecoveryCode(codes, request.recovery_code),
    finish: ({ recovery_code_id, created_at }) =>
      finishSecondFactor(context, request, {
        organization,
        before: member,
        member,
        lockable: attempted.lockable,
        referenced,
        factor: recoveryCodeFactor(recovery_code_id),
        registration: {
          isNew: hasRegisteredTotp(
            referenced.record.authentication_factors,
            member.totp_registration_id
          ),
          registered_at: created_at
        },
        writes: [{ do: 'useRecoveryCode', member_id, recovery_code_id, onConflict: wrong }]
      })
  })
  if (answer === undefined) throw new OperationError(wrong)
  noteNotice(context, organization, member, 'recovery_code_used')
  // Counted anew: other codes may have been used meanwhile.
  const remaining = await context.store.listRecoveryCodes(member_id)
  return { ...answer, recovery_codes_remaining: remaining.length }
}
