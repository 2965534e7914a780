import type { Handler } from '../context.ts'
import { locksAt, writesOfUnlock } from '../domain/lockout.ts'
import { answerMember } from '../steps/answer-member.ts'
import { assertAuthorized, assertNotOfSelf } from '../steps/caller.ts'
import { loadMember, loadOrganizationAndMember } from '../steps/load.ts'
import { noteNotice } from '../steps/notices.ts'

/**
 * Ends the locks of a member, and gives back second factors that were disabled. A disabled password stays so.
 *
 * - A member with the permission unlocks others, and never itself: a session is no reason to guess on.
 * - Codes to the address are unlocked by the backend alone. They are those of other organizations too, and any person
 *   may found one, add a stranger as a member, and would let guesses at that address go on.
 */
export const unlock: Handler<'organizations.members.unlock'> = async (context, request) => {
  const { organization, member } = await loadOrganizationAndMember(context, request)
  assertAuthorized(context, member, 'stytch.member', 'unlock')
  assertNotOfSelf(context, member)
  await context.store.run(writesOfUnlock(member, { withEmailCodes: context.caller === undefined }))
  const changed = await loadMember(context, organization, member.member_id)
  if (locksAt(member.locks, context.now).length > 0) {
    noteNotice(context, organization, member, 'unlocked')
  }
  return answerMember(context, changed, organization)
}
