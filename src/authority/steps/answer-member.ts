import type { Context } from '../context.ts'
import { viewMember } from '../domain/member-view.ts'
import { viewOrganization } from '../domain/organization-view.ts'
import type { MemberRecord, OrganizationRecord } from '../domain/records.ts'

/** What an operation on a member answers: the objects of the API, as they are now. */
export function answerMember(
  { now }: Pick<Context, 'now'>,
  member: MemberRecord,
  organization: OrganizationRecord
) {
  return {
    member_id: member.member_id,
    member: viewMember(member, organization, now),
    organization: viewOrganization(organization)
  }
}
