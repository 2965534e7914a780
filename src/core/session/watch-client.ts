import type { Client } from '../../client/create-client.ts'
import { ConfigError } from '../../errors/config-error.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import { sessionIdOf } from '../../jwt/claims.ts'
import { parseJwt } from '../../jwt/parse.ts'
import type { JwtVerifier } from '../../jwt/verify.ts'
import type { PolicySource } from '../../rbac/policy-source.ts'
import type { RequestOptions } from '../../wire/route.ts'
import type { OperationName } from '../../wire/routes.ts'
import type { B2BSessionsRevokeRequest } from '../../wire/sessions.ts'
import { type OperationEffect, operationEffects } from './operation-effects.ts'
import type { Revocations } from './revocations.ts'
import type { SessionCache } from './session-cache.ts'

/** What ended or changed: exactly one of these. */
export interface EndedSubject {
  readonly member_session_id?: string
  readonly session_token?: string
  readonly session_jwt?: string
  readonly member_id?: string
  readonly organization_id?: string
}

export type Invalidate = (subject: EndedSubject) => void

/**
 * Tells the guards of this process what ended or changed elsewhere. A session token that this process never saw says nothing about
 * the JWTs of its session: invalidate the `member_session_id` where it is known.
 */
export function createInvalidate(
  revocations: Revocations,
  cache: SessionCache,
  policySources: readonly PolicySource[]
): Invalidate {
  return function invalidate(subject) {
    const given = Object.entries(subject).filter(([, value]) => value !== undefined)
    const [name, value] = given[0] ?? []
    if (given.length !== 1 || typeof value !== 'string' || value === '') {
      throw new ConfigError(
        'invalidate takes exactly one of member_session_id, session_token, session_jwt, member_id and organization_id.'
      )
    }
    if (name === 'organization_id') {
      for (const policySource of policySources) policySource.invalidate(value)
    }
    if (name === 'member_id' || name === 'organization_id') {
      revocations.invalidate(value)
      return
    }
    const member_session_id = name === 'member_session_id' ? value : sessionOfToken(value, cache)
    if (member_session_id !== undefined) revocations.endSession(member_session_id)
  }
}

/** The session of a token that this process has accepted. */
export function knownSession(token: string, cache: SessionCache): string | undefined {
  return cache.get(token)?.member_session.member_session_id
}

/** The session of a cookie, as far as this process has verified it: it was accepted before, or its signature says so. */
export function createIdentify(cache: SessionCache, verifier: JwtVerifier) {
  return async function identify(token: string): Promise<string | undefined> {
    const known = knownSession(token, cache)
    if (known !== undefined || parseJwt(token) === undefined) return known
    const verification = await verifier.verify(token)
    return verification.status === 'verified'
      ? verification.claims.member_session.member_session_id
      : undefined
  }
}

function sessionOfToken(token: string, cache: SessionCache): string | undefined {
  return knownSession(token, cache) ?? claimedSession(token)
}

/** The session that a JWT names. Its signature was not verified. */
export function claimedSession(session_jwt: string): string | undefined {
  const parsed = parseJwt(session_jwt)
  return parsed === undefined ? undefined : sessionIdOf(parsed.claims)
}

/**
 * The client, whose calls also tell the guards what they ended or changed: a session is denied at once, of a member or an
 * organization the next request causes a remote check. What became of a call that was not answered is unknown, and counts
 * as done.
 */
export function watchClient(client: Client, cache: SessionCache, invalidate: Invalidate): Client {
  const named = {
    'sessions.revoke': watchRevoke(client, cache, invalidate),
    'rbac.organizations.setOrgPolicy': watchSetOrgPolicy(client, invalidate)
  }
  return watchTree(client, '', { named, invalidate }) as Client
}

type Call = (request?: unknown, options?: unknown) => Promise<unknown>

interface Watching {
  /** The calls whose requests alone say what they change. */
  readonly named: Readonly<Partial<Record<string, unknown>>>
  readonly invalidate: Invalidate
}

function watchTree(tree: object, prefix: string, watching: Watching): object {
  const watched = Object.entries(tree).map(([key, node]) => {
    const name = `${prefix}${key}`
    return [
      key,
      typeof node === 'function'
        ? watchCall(name, node, watching)
        : watchTree(node, `${name}.`, watching)
    ]
  })
  return Object.freeze(Object.fromEntries(watched))
}

function watchCall(name: string, call: Call, { named, invalidate }: Watching): unknown {
  const effect = effectOf(name)
  if (effect === 'nothing') return call
  if (effect === 'named') return named[name]
  const subjectOf = effect === 'organization' ? organizationOf : memberOf
  const hasChanged = typeof effect === 'function' ? effect : () => true

  return async function callAndTell(request?: unknown, options?: unknown) {
    return thenTell(call(request, options), (answer) => {
      const isAbout = { request, answer } as Parameters<typeof hasChanged>[0]
      if (answer !== undefined && !hasChanged(isAbout)) return
      const subject = subjectOf(answer ?? request)
      if (Object.values(subject).some((id) => id !== undefined)) invalidate(subject)
    })
  }
}

/** `tell` is called without an answer where it is unknown whether the call was carried out. */
async function thenTell<Answer>(
  call: Promise<Answer>,
  tell: (answer?: Answer) => void
): Promise<Answer> {
  const answer = await call.catch((error: unknown) => {
    if (error instanceof UnavailableError) tell()
    throw error
  })
  tell(answer)
  return answer
}

/** Local verification is no operation of the API, and changes nothing. */
function effectOf(name: string): OperationEffect<OperationName> {
  return Object.hasOwn(operationEffects, name)
    ? (operationEffects[name as OperationName] as OperationEffect<OperationName>)
    : 'nothing'
}

/** The answer has its id; the request may have named it by its external id. */
function memberOf(message: unknown): EndedSubject {
  const { member_id } = Object(message)
  return { member_id }
}

function organizationOf(message: unknown): EndedSubject {
  const { organization, organization_id = organization?.organization_id } = Object(message)
  return { organization_id }
}

/** The answer does not say whose policy it is, and the request may name the organization by its slug or external id. */
function watchSetOrgPolicy(
  { rbac, organizations }: Client,
  invalidate: Invalidate
): Client['rbac']['organizations']['setOrgPolicy'] {
  return async function setOrgPolicy(data) {
    const { organization_id } = await organizations
      .get({ organization_id: data.organization_id })
      .then(({ organization }) => organization)
      .catch(() => data)
    return thenTell(rbac.organizations.setOrgPolicy(data), () => invalidate({ organization_id }))
  }
}

/** A session token is first looked up where its session is not known here: the JWTs of that session name only its id. */
function watchRevoke(
  { sessions }: Client,
  cache: SessionCache,
  invalidate: Invalidate
): Client['sessions']['revoke'] {
  return async function revoke(data: B2BSessionsRevokeRequest, options?: RequestOptions) {
    const { member_id, member_session_id = await identify(data) } = data
    return thenTell(sessions.revoke(data, options), (answer) => {
      // Nothing says whose a JWT is that was never accepted here, where the call was not answered.
      const { session_jwt } = data
      const isUnknown = session_jwt !== undefined && knownSession(session_jwt, cache) === undefined
      if (answer === undefined && isUnknown) return
      if (member_id !== undefined) invalidate({ member_id })
      else if (member_session_id !== undefined) invalidate({ member_session_id })
    })
  }

  async function identify({
    session_token,
    session_jwt
  }: B2BSessionsRevokeRequest): Promise<string | undefined> {
    const token = session_token ?? session_jwt
    if (token === undefined) return undefined
    const known = sessionOfToken(token, cache)
    if (known !== undefined || session_token === undefined) return known
    try {
      const { member_session } = await sessions.authenticate({ session_token })
      return member_session.member_session_id
    } catch {
      return undefined
    }
  }
}
