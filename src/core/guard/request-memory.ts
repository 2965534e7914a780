import { ConfigError } from '../../errors/config-error.ts'
import type { Authorization } from '../../wire/authorization.ts'
import type { MemberSession } from '../../wire/member-session.ts'
import type { AuthorizationVerdict } from '../../wire/sessions.ts'
import type { Credential } from '../request/credentials.ts'
import type { AuthRequest } from '../request/request.ts'
import { authorizationFrom } from '../session/authorization-from.ts'
import type { CheckedSession } from '../session/session-cache.ts'

/** What a guard accepted on a request. */
export interface AcceptedSession {
  readonly checked: CheckedSession
  readonly credential: Credential
  /** How old the guard allowed it to be: a later guard that allows as much need not look again. */
  readonly maxAgeMs: number
  /** When the request began, in the order of `Superseded`. */
  readonly beganAt: number
}

/**
 * What one instance knows of a request. It is kept here, never read from a property of the request: what another
 * library, or another project's guard, puts there is not trusted.
 */
export interface RequestMemory {
  remember(request: AuthRequest, accepted: AcceptedSession): void
  recall(request: AuthRequest): AcceptedSession | undefined
  rememberVerdict(request: AuthRequest, verdict: AuthorizationVerdict): void
  /** @throws ConfigError that says which guard is missing */
  memberOf(request: AuthRequest): MemberSession
  /** @throws ConfigError that says which guard is missing */
  verdictOf(request: AuthRequest): AuthorizationVerdict
  /** @throws ConfigError that says which guard is missing */
  authorizationOf(request: AuthRequest): Authorization
  /** From here on, "not signed in" may become the next step of a pending sign-in. */
  allowContinuation(request: AuthRequest): void
  mayContinue(request: AuthRequest): boolean
}

/** Sessions by request, whichever instance accepted them; `'several'` when two instances accepted different ones. */
const byAnyInstance = new WeakMap<object, { owner: object; session: MemberSession } | 'several'>()
const verdictByAnyInstance = new WeakMap<object, AuthorizationVerdict>()

export function createRequestMemory(): RequestMemory {
  const sessions = new WeakMap<object, AcceptedSession>()
  const verdicts = new WeakMap<object, AuthorizationVerdict>()
  const continued = new WeakSet<object>()

  return {
    remember(request, accepted) {
      sessions.set(request, accepted)
      rememberForAll(request, sessions, accepted.checked.member_session)
    },
    recall: (request) => sessions.get(request),
    rememberVerdict(request, verdict) {
      verdicts.set(request, verdict)
      verdictByAnyInstance.set(request, verdict)
    },
    memberOf: (request) => sessions.get(request)?.checked.member_session ?? missingSession(),
    verdictOf: (request) => verdicts.get(request) ?? missingVerdict(),
    authorizationOf(request) {
      const { credential, checked } = sessions.get(request) ?? missingSession()
      return authorizationFrom(credential, checked)
    },
    allowContinuation(request) {
      continued.add(request)
    },
    mayContinue: (request) => continued.has(request)
  }
}

function rememberForAll(request: AuthRequest, owner: object, session: MemberSession): void {
  const known = byAnyInstance.get(request)
  const isOther =
    known === 'several' ||
    (known !== undefined &&
      known.owner !== owner &&
      known.session.member_session_id !== session.member_session_id)
  byAnyInstance.set(request, isOther ? 'several' : { owner, session })
}

/** The session that guards accepted on this request, whichever instance they belong to. */
export function memberOfAny(request: AuthRequest): MemberSession {
  const known = byAnyInstance.get(request)
  if (known === 'several') {
    throw new ConfigError(
      'Guards of two instances accepted different sessions on this request. Use auth.memberOf of the instance you mean.'
    )
  }
  return known?.session ?? missingSession()
}

/** The latest verdict on this request, whichever instance it is of. */
export function verdictOfAny(request: AuthRequest): AuthorizationVerdict {
  return verdictByAnyInstance.get(request) ?? missingVerdict()
}

function missingSession(): never {
  throw new ConfigError(
    'No member session on this request. Mount requireMemberSession() before the handler; with optional: true read req.memberSession or ctx.state.memberSession instead.'
  )
}

function missingVerdict(): never {
  throw new ConfigError(
    "No verdict on this request. Put requirePermission('resource', 'action') before the handler."
  )
}
