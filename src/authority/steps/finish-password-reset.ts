import type { AuthenticationFactor } from '../../wire/member-session.ts'
import type { SignInResponse } from '../../wire/sign-in.ts'
import type { Context } from '../context.ts'
import { endOfSessions } from '../domain/end-of-sessions.ts'
import { addFactor, passwordFactor } from '../domain/factors.ts'
import { unlockedOf } from '../domain/lockout.ts'
import { withoutRemovedFactors } from '../domain/mfa.ts'
import type { MemberRecord, OrganizationRecord, SessionRecord } from '../domain/records.ts'
import { factorsForMember } from '../domain/transferred-factors.ts'
import type { Write } from '../domain/writes.ts'
import { noteChange } from './notices.ts'
import type { PrimaryRequest } from './primary-factor.ts'
import { retryWhileStale } from './retry-while-stale.ts'
import { loadReferencedSession, type ReferencedSession } from './session-reference.ts'
import { newPassword, setPassword } from './set-password.ts'
import { finishSignIn, type VerifiedSignIn } from './sign-in.ts'

/** What entitles to set the member's password. */
export interface Entitled {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly password: string
  /** What the request names beside what entitles. */
  readonly referenced: ReferencedSession | undefined
  /** Guarded: uses up what entitles. */
  readonly writes: readonly Write[]
}

/**
 * Sets the password, and signs the member in with it as with any primary factor: where a second factor is required,
 * it still is.
 *
 * - Every session of the member ends, and every intermediate session but the one that is continued. These come first:
 *   one that becomes a session at the same time is then among the sessions.
 * - The session that the request names ends as well. Its factors count for the new one, as old as they are, so a second
 *   factor that it holds is not needed again while it is still the member's. Another member's session is ignored.
 * - A reset begins no new life: it verifies the password alone.
 * - All of it is one unit: all or nothing.
 */
export async function finishPasswordReset(
  context: Context,
  request: PrimaryRequest,
  entitled: Entitled
): Promise<Omit<SignInResponse, 'request_id' | 'status_code'>> {
  const { organization, member, writes } = entitled
  const { member_id } = member
  const password = await newPassword(context, entitled.password)
  const changed = { ...member, member_password_id: password.member_password_id }

  return retryWhileStale(async (isFirstTry) => {
    const referenced = isFirstTry
      ? entitled.referenced
      : await loadReferencedSession(context, request)
    const { factors, continued, exchanged_session, ends } = begunBefore(context, {
      request,
      member,
      referenced
    })
    const answer = await finishSignIn(
      context,
      {
        organization,
        member: changed,
        factors: addFactor(factors, passwordFactor, context.now),
        writes: [
          ...writes,
          ...setPassword(context, member, password),
          ...ends,
          ...endOfSessions(member_id, context.now)
        ],
        ...(continued === undefined ? {} : { continued }),
        ...(exchanged_session === undefined ? {} : { exchanged_session })
      },
      request
    )
    noteChange(context, organization, member, changed)
    return answer
  })
}

interface Brought {
  readonly request: PrimaryRequest
  readonly member: MemberRecord
  readonly referenced: ReferencedSession | undefined
}

interface Begun {
  readonly factors: readonly AuthenticationFactor[]
  readonly continued?: VerifiedSignIn['continued']
  readonly exchanged_session?: SessionRecord
  readonly ends: readonly Write[]
}

/** What the request brings of the member's earlier steps, and how the others end. */
function begunBefore({ now }: Context, { request, member, referenced }: Brought): Begun {
  const { member_id } = member
  const { intermediate_session_token: token } = request
  if (token !== undefined && referenced?.isSession === false) {
    const { record: intermediate_session } = referenced
    const { intermediate_session_id } = intermediate_session
    return {
      factors: unlockedOf(factorsForMember(intermediate_session, member), member.locks, now),
      continued: { token, intermediate_session, binds: true },
      ends: [{ do: 'deleteOtherIntermediateSessions', member_id, intermediate_session_id }]
    }
  }
  const ends: Write[] = [{ do: 'deleteMemberIntermediateSessions', member_id }]
  const session = referenced?.isSession ? referenced.record : undefined
  if (session?.member_id !== member_id) return { factors: [], ends }
  const { member_session_id, authentication_factors } = session
  const onConflict = 'session_not_found'
  return {
    factors: unlockedOf(withoutRemovedFactors(member, authentication_factors), member.locks, now),
    exchanged_session: session,
    ends: [...ends, { do: 'revokeSession', member_session_id, now, onConflict }]
  }
}
