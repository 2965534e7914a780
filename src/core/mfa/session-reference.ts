import { createHash } from 'node:crypto'
import { AccessError } from '../../errors/access-error.ts'
import type { MemberSession } from '../../wire/member-session.ts'
import type { SessionArguments } from '../../wire/totps.ts'
import { readCredential } from '../request/credentials.ts'
import type { AuthRequest } from '../request/request.ts'
import type { Authenticate } from '../session/authenticate.ts'
import { authorizationFrom } from '../session/authorization-from.ts'
import { signInOver } from '../session/session-over.ts'
import type { BoundState, SignInState } from '../sign-in/sealed-state.ts'
import { readBoundState, readSignInCookies, type SignInContext } from '../sign-in/sign-in.ts'
import { isOfMember } from '../sign-in/sign-in-step.ts'

/** The session or intermediate session that a second factor is about, as each call of the API names it. */
export type SessionReference = PendingReference | MemberSessionReference

interface PendingReference extends MemberOf {
  readonly kind: 'pending'
  readonly bound: BoundState<SignInState>
}

interface MemberSessionReference extends MemberOf {
  readonly kind: 'session'
  readonly member_session: MemberSession
}

interface MemberOf {
  /** `organization_id`, `member_id` and one session argument. */
  readonly identity: SessionArguments & {
    readonly organization_id: string
    readonly member_id: string
  }
  /** Attempts are counted by it. It is no token. */
  readonly key: string
}

export interface SessionReferenceParts extends SignInContext {
  readonly authenticate: Authenticate
}

/**
 * A pending sign-in, else a session. Below `/step-up` a session alone: a sign-in that was never finished must not stand in
 * its way. A session counts by its cookies: a new one must find its way to the browser that presented the old one.
 *
 * @throws AccessError `session_required`, `session_invalid`, `organization_required` or `primary_required`
 */
export async function readSessionReference(
  parts: SessionReferenceParts,
  request: AuthRequest,
  isStepUp: boolean
): Promise<SessionReference> {
  const bound = isStepUp ? undefined : await readBoundState(parts, request)
  if (bound === undefined) return readSession(parts, request, isStepUp)
  const { state, intermediate_session_token, expiresAt } = bound
  if (!isOfMember(state))
    throw new AccessError('organization_required', { reason: 'organization_not_chosen' })
  const { organization_id, member_id, primary_required } = state
  if (primary_required !== null) {
    throw new AccessError('primary_required', {
      reason: 'primary_factor_missing',
      required: { primary_required }
    })
  }
  return {
    kind: 'pending',
    bound: { state, intermediate_session_token, expiresAt },
    identity: { organization_id, member_id, intermediate_session_token },
    key: createHash('sha256').update(intermediate_session_token).digest('base64url')
  }
}

async function readSession(
  { config, authenticate }: SessionReferenceParts,
  request: AuthRequest,
  isStepUp: boolean
): Promise<MemberSessionReference> {
  const credential = readCredential(request, config)
  if (credential === undefined || credential.transport !== 'cookie') {
    const { intermediate_session_token } = readSignInCookies(config, request)
    const isOver = !isStepUp && intermediate_session_token !== undefined
    throw isOver ? signInOver() : new AccessError('session_required', { reason: 'no_credential' })
  }
  if (credential.malformed !== undefined) {
    throw new AccessError('session_invalid', { reason: credential.malformed })
  }
  const checked = await authenticate(credential, Number.POSITIVE_INFINITY)
  const { organization_id, member_id } = checked.member_session
  return {
    kind: 'session',
    member_session: checked.member_session,
    identity: { organization_id, member_id, ...authorizationFrom(credential, checked) },
    key: member_id
  }
}
