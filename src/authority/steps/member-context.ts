import type { Context } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import type { MemberContext } from '../domain/members.ts'
import { assignableRoles } from '../domain/policy.ts'
import type { OrganizationRecord } from '../domain/records.ts'

/** Ids and roles that a rule about members of this organization may need. */
export function memberContext(context: Context, organization: OrganizationRecord): MemberContext {
  return {
    email_id: newId('email', context.environment),
    phone_id: newId('phone-number', context.environment),
    roles: assignableRoles(context.project.policy, organization),
    now: context.now
  }
}
