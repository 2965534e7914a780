import type { Handler } from '../context.ts'
import { passwordFactor } from '../domain/factors.ts'
import { finishPasswordReset } from '../steps/finish-password-reset.ts'
import { loadOrganization } from '../steps/load.ts'
import { assertStrongPassword } from '../steps/password-strength.ts'
import { assertAcceptedFactor } from '../steps/primary-factor.ts'
import { loadReferencedSession } from '../steps/session-reference.ts'
import { confirmPassword, verifyMemberPassword } from '../steps/verify-password.ts'

/**
 * - The old password comes first, and counts as an attempt: what is said about the new one says something about the
 *   member.
 * - Of two resets with one old password the first wins; for the second it is wrong.
 */
export const reset: Handler<'passwords.existingPassword.reset'> = async (context, request) => {
  const { email_address, existing_password, new_password } = request
  const organization = await loadOrganization(context, request.organization_id)
  const referenced = await loadReferencedSession(context, request)
  const credentials = { email_address, password: existing_password }
  const { member, password } = await verifyMemberPassword(context, organization, credentials)
  assertAcceptedFactor(organization, member, passwordFactor)
  await assertStrongPassword(context, new_password, member)
  return finishPasswordReset(context, request, {
    organization,
    member,
    password: new_password,
    referenced,
    writes: confirmPassword(member, password)
  })
}
