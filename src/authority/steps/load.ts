import { sessionClaim } from '../../jwt/claims.ts'
import { hasValidSignature } from '../../jwt/jose.ts'
import { parseJwt } from '../../jwt/parse.ts'
import type { Context } from '../context.ts'
import { isOpaqueToken, sha256 } from '../crypto/tokens.ts'
import { intermediateFailureLimit } from '../domain/lockout.ts'
import type { Caller } from '../domain/member-permission.ts'
import { OperationError } from '../domain/operation-error.ts'
import { isNamedBy } from '../domain/organizations.ts'
import type {
  IntermediateSessionRecord,
  LoadedSession,
  MemberRecord,
  OrganizationRecord,
  ProjectRecord,
  SessionRecord
} from '../domain/records.ts'
import { missingMfa } from '../domain/sign-in-requirements.ts'
import { about } from './about.ts'

/** Looks up what a request names. What is not there ends the call. */

/** A member session reaches its own organization only, and does not learn whether another exists. */
export async function loadOrganization(
  context: Context,
  identifier: string
): Promise<OrganizationRecord> {
  const { store, caller } = context
  const known = caller && takeLoaded(caller, identifier)
  const organization = about(context, known ?? (await store.findOrganization(identifier)))
  if (caller !== undefined && organization?.organization_id !== caller.organization_id) {
    throw new OperationError('session_authorization_tenancy_error')
  }
  if (organization === undefined) throw new OperationError('organization_not_found')
  return organization
}

/** The organization that a caller was loaded in, for the first load of it. A retry loads it anew. */
const loadedWith = new WeakMap<Caller, OrganizationRecord>()

export function noteLoaded(caller: Caller, organization: OrganizationRecord): void {
  loadedWith.set(caller, organization)
}

function takeLoaded(caller: Caller, identifier: string): OrganizationRecord | undefined {
  const organization = loadedWith.get(caller)
  if (organization === undefined || !isNamedBy(organization, identifier)) return undefined
  loadedWith.delete(caller)
  return organization
}

/** The organization first: without it the member is not looked at. */
export async function loadOrganizationAndMember(
  context: Context,
  request: { readonly organization_id: string; readonly member_id: string }
): Promise<{ organization: OrganizationRecord; member: MemberRecord }> {
  const organization = await loadOrganization(context, request.organization_id)
  return { organization, member: await loadMember(context, organization, request.member_id) }
}

/** By id or external id. */
export async function loadMember(
  context: Context,
  { organization_id }: OrganizationRecord,
  identifier: string
): Promise<MemberRecord> {
  const member = await context.store.findMember(organization_id, identifier)
  if (member === undefined) throw new OperationError('member_not_found')
  return about(context, member)
}

interface SessionMember {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
}

/** The member of a session, in its organization. The session is not found when it lacks what the project demands of running ones. */
export async function loadSessionMember(
  context: Context,
  session: SessionRecord
): Promise<SessionMember> {
  const known = loadedOf.get(session)
  loadedOf.delete(session)
  if (known !== undefined) return known
  const { store, project } = context
  const organization = await store.findOrganization(session.organization_id)
  const member = await store.findMemberById(session.member_id)
  if (organization === undefined || member === undefined) {
    throw new OperationError('session_not_found')
  }
  assertStillEnough(project, session, { organization, member })
  return { organization, member }
}

/** The member that a session was loaded with, for the first call that loads it. */
const loadedOf = new WeakMap<SessionRecord, SessionMember>()

/** A second factor may be required since the session began. */
function assertStillEnough(
  { settings }: ProjectRecord,
  { authentication_factors }: SessionRecord,
  { organization, member }: SessionMember
): void {
  if (!settings.enforce_mfa_on_running_sessions) return
  const missing = missingMfa(organization, member, authentication_factors)
  if (missing !== null) throw new OperationError('session_not_found')
}

/** What may name a session: one of the two. */
export interface SessionCredential {
  readonly session_token?: string
  readonly session_jwt?: string
}

export function hasSessionCredential({ session_token, session_jwt }: SessionCredential): boolean {
  return session_token !== undefined || session_jwt !== undefined
}

/** A session that counts: alive, and with the factors that the project demands of running ones. */
export async function loadSession(
  context: Context,
  credential: SessionCredential
): Promise<SessionRecord> {
  const session = await loadRunningSession(context, credential)
  if (context.project.settings.enforce_mfa_on_running_sessions) {
    loadedOf.set(session, await loadSessionMember(context, session))
  }
  return session
}

/** A session that is alive, whether or not it counts: it can be ended. */
export async function loadRunningSession(
  context: Context,
  { session_token, session_jwt }: SessionCredential
): Promise<LoadedSession> {
  if (session_token !== undefined && session_jwt !== undefined) {
    throw new OperationError('too_many_session_arguments')
  }
  if (session_token !== undefined) return loadSessionByToken(context, session_token)
  if (session_jwt !== undefined) return loadSessionByJwt(context, session_jwt)
  throw new OperationError('no_session_arguments')
}

async function loadSessionByToken(
  { store, now }: Context,
  session_token: string
): Promise<LoadedSession> {
  if (!isOpaqueToken(session_token)) throw new OperationError('invalid_session_token')
  const session = await store.findSessionByToken(sha256(session_token), now)
  if (session === undefined) throw new OperationError('session_not_found')
  return { ...session, token: session_token }
}

/** The JWT may have expired: its signature shows that the authority issued it, and its claim names the session. The session must be alive. */
async function loadSessionByJwt(context: Context, session_jwt: string): Promise<SessionRecord> {
  const parsed = parseJwt(session_jwt)
  if (parsed === undefined) throw new OperationError('unable_to_parse_session_jwt')
  const key = await context.signingKeys.verificationKey(parsed.kid, context.now)
  const ours = key !== undefined && (await hasValidSignature(session_jwt, key))
  const claim = ours ? parsed.claims[sessionClaim] : undefined
  const id: unknown =
    typeof claim === 'object' && claim !== null ? Reflect.get(claim, 'id') : undefined
  const session =
    typeof id === 'string' ? await context.store.findSession(id, context.now) : undefined
  if (session === undefined) throw new OperationError('session_not_found')
  return session
}

export async function loadIntermediateSession(
  { store, now }: Context,
  token: string
): Promise<IntermediateSessionRecord> {
  if (!isOpaqueToken(token)) throw new OperationError('invalid_session_token')
  const intermediate = await store.findIntermediateSession(
    sha256(token),
    now,
    intermediateFailureLimit
  )
  if (intermediate === undefined) throw new OperationError('intermediate_session_not_found')
  return intermediate
}
