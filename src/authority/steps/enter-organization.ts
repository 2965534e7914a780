import type { SessionOptions } from '../../wire/sessions.ts'
import type { SignInResponse } from '../../wire/sign-in.ts'
import type { Context } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import { registrationsOf } from '../domain/factors.ts'
import { createMember, writesOfCreation } from '../domain/members.ts'
import { assignableRoles } from '../domain/policy.ts'
import type {
  IntermediateSessionRecord,
  MemberRecord,
  OrganizationRecord
} from '../domain/records.ts'
import { factorsToEnter } from '../domain/transferred-factors.ts'
import type { Write } from '../domain/writes.ts'
import { about } from './about.ts'
import { loadIntermediateSession } from './load.ts'
import { retryWhileStale } from './retry-while-stale.ts'
import { confirm, finishSignIn, type VerifiedSignIn } from './sign-in.ts'
import { unlockedFactors } from './unlocked-factors.ts'

type EnterRequest = SessionOptions & {
  readonly intermediate_session_token: string
  readonly locale?: string
}

/** Whom the intermediate session enters as, and the writes that this needs. */
export type Entry = Omit<VerifiedSignIn, 'continued'>

/**
 * Turns an intermediate session into a session of the member that `choose` finds, or answers the same token and what is
 * missing.
 *
 * - One of discovery stays free: it may still be exchanged elsewhere.
 * - What was verified by codes that are locked by now does not count.
 * - One that was bound to a member goes over to the one that it enters as, with what counts there. No other member
 *   could complete it.
 */
export function enterOrganization(
  context: Context,
  request: EnterRequest,
  choose: (intermediate: IntermediateSessionRecord) => Promise<Entry>
): Promise<Omit<SignInResponse, 'request_id' | 'status_code'>> {
  return retryWhileStale(async () => {
    const { intermediate_session_token: token } = request
    const intermediate_session = about(context, await loadIntermediateSession(context, token))
    const entry = await choose(intermediate_session)
    const factors = await unlockedFactors(context, entry.member, entry.factors)
    const binds = intermediate_session.member_id !== null
    const continued = { token, intermediate_session, binds }
    return finishSignIn(context, { ...entry, factors, continued }, request)
  })
}

/** Enters as a member who is there already. */
export function enterAsMember(
  organization: OrganizationRecord,
  member: MemberRecord,
  intermediate: IntermediateSessionRecord
): Entry {
  return { organization, member, factors: factorsToEnter(intermediate, member), writes: [] }
}

/**
 * Enters as a member who is created by this, in the unit that also starts the session, or keeps the intermediate
 * session. Its confirmation comes first: of many calls with one intermediate session, the others wait for it.
 */
export function enterAsNewMember(
  context: Context,
  organization: OrganizationRecord,
  intermediate: IntermediateSessionRecord,
  { roles, writesBefore = [] }: { roles: readonly string[]; writesBefore?: readonly Write[] }
): Entry {
  const { member, factors } = newMember(context, organization, intermediate, roles)
  return {
    organization,
    member,
    factors,
    writes: [
      confirm(intermediate, context.now),
      ...writesBefore,
      ...writesOfCreation(member, 'stale')
    ]
  }
}

/**
 * The member that would be created: pending until a factor verifies the address. Only a provider that verifies it is
 * bound to the member, or a person who claims an address would stay its owner's double.
 */
export function newMember(
  context: Context,
  { organization_id, custom_roles }: Pick<OrganizationRecord, 'organization_id' | 'custom_roles'>,
  intermediate: IntermediateSessionRecord,
  roles: readonly string[]
): Pick<Entry, 'member' | 'factors'> {
  const { environment, project, now } = context
  const { email_address } = intermediate
  const member = createMember(
    organization_id,
    newId('member', environment),
    { email_address, create_member_as_pending: true, roles: [...roles] },
    {
      email_id: newId('email', environment),
      phone_id: newId('phone-number', environment),
      roles: assignableRoles(project.policy, { custom_roles }),
      now
    }
  )
  const factors = factorsToEnter(intermediate, member)
  const oauth_registrations = registrationsOf(factors, member).map((registration) => ({
    member_oauth_registration_id: newId('oauth-user', environment),
    ...registration
  }))
  return { member: { ...member, oauth_registrations }, factors }
}
