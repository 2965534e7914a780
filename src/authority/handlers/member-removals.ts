import type { Handler } from '../context.ts'
import { lockableOf } from '../domain/lockables.ts'
import { clearFailures, clearTotpFailures } from '../domain/lockout.ts'
import {
  memberWithoutExternalId,
  withoutPassword,
  withoutPhoneNumber,
  withoutRetiredEmail,
  withoutTotp
} from '../domain/member-removals.ts'
import { canonicalEmail, writesOfChange } from '../domain/members.ts'
import { OperationError } from '../domain/operation-error.ts'
import { about } from '../steps/about.ts'
import { answerMember } from '../steps/answer-member.ts'
import { assertAuthorized, assertBackendCall, isCallOfSelf } from '../steps/caller.ts'
import { loadOrganization, loadOrganizationAndMember } from '../steps/load.ts'
import { noteChange } from '../steps/notices.ts'
import { retryWhileStale } from '../steps/retry-while-stale.ts'

/**
 * What is taken away from a member. Sessions go on, also those that hold it as a factor; the next sign-in is without it.
 * A second factor that others take away may be set up again as if it had never failed: members unlock nothing of their own.
 */

export const deleteMFAPhoneNumber: Handler<'organizations.members.deleteMFAPhoneNumber'> = (
  context,
  request
) =>
  retryWhileStale(async () => {
    const { organization, member: before } = await loadOrganizationAndMember(context, request)
    assertAuthorized(context, before, 'stytch.member', 'update.info.delete.mfa-phone')
    const member = withoutPhoneNumber(before, context.now)
    const failures = clearFailures(lockableOf(before.member_id, 'otp'))
    await context.store.run([
      ...(isCallOfSelf(context, before) ? [] : [failures]),
      ...writesOfChange(before, member)
    ])
    noteChange(context, organization, before, member)
    return answerMember(context, member, organization)
  })

/** Recovery codes stand in for the authenticator, so they go with it. One that waits for its first code goes as well. */
export const deleteTOTP: Handler<'organizations.members.deleteTOTP'> = (context, request) =>
  retryWhileStale(async () => {
    const { organization, member: before } = await loadOrganizationAndMember(context, request)
    assertAuthorized(context, before, 'stytch.member', 'update.info.delete.mfa-totp')
    const { member_id } = before
    const member = withoutTotp(before, context.now)
    await context.store.run([
      ...(isCallOfSelf(context, before) ? [] : clearTotpFailures(member_id)),
      { do: 'deleteTotp', member_id, onConflict: 'totp_not_found' },
      { do: 'deleteRecoveryCodes', member_id },
      ...writesOfChange(before, member)
    ])
    noteChange(context, organization, before, member)
    return answerMember(context, member, organization)
  })

export const deletePassword: Handler<'organizations.members.deletePassword'> = (
  context,
  { organization_id, member_password_id }
) =>
  retryWhileStale(async () => {
    const { store, now } = context
    const organization = await loadOrganization(context, organization_id)
    const before = about(
      context,
      await store.findMemberByPassword(organization.organization_id, member_password_id)
    )
    if (before === undefined) throw new OperationError('password_not_found')
    assertAuthorized(context, before, 'stytch.member', 'update.info.delete.password')
    const { member_id } = before
    const member = withoutPassword(before, now)
    await store.run([
      { do: 'deleteMemberLinks', member_id, kind: 'password_reset' },
      { do: 'deletePasswordById', member_id, member_password_id, onConflict: 'stale' },
      ...writesOfChange(before, member)
    ])
    noteChange(context, organization, before, member)
    return answerMember(context, member, organization)
  })

/** The address is free for other members then. */
export const unlinkRetiredEmail: Handler<'organizations.members.unlinkRetiredEmail'> = (
  context,
  request
) =>
  retryWhileStale(async () => {
    const { organization, member: before } = await loadOrganizationAndMember(context, request)
    assertAuthorized(context, before, 'stytch.member', 'update.info.unlink.retired-email')
    const { email_id, email_address } = request
    const named = {
      ...(email_id === undefined ? {} : { email_id }),
      ...(email_address === undefined ? {} : { email_address: canonicalEmail(email_address) })
    }
    const member = withoutRetiredEmail(before, named, context.now)
    await context.store.run(writesOfChange(before, member))
    const { organization_id } = organization
    return { organization_id, ...answerMember(context, member, organization) }
  })

export const deleteExternalId: Handler<'organizations.members.deleteExternalId'> = (
  context,
  request
) =>
  retryWhileStale(async () => {
    const { organization, member: before } = await loadOrganizationAndMember(context, request)
    assertBackendCall(context)
    const member = memberWithoutExternalId(before, context.now)
    await context.store.run(writesOfChange(before, member))
    return answerMember(context, member, organization)
  })
