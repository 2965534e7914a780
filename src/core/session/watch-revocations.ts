import type { Client } from '../../client/create-client.ts'
import { ConfigError } from '../../errors/config-error.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import { sessionIdOf } from '../../jwt/claims.ts'
import { parseJwt } from '../../jwt/parse.ts'
import type { B2BOrganizationsDeleteRequest } from '../../wire/organizations.ts'
import type { B2BOrganizationsMembersDeleteRequest } from '../../wire/organizations-members.ts'
import type { RequestOptions } from '../../wire/route.ts'
import type { B2BSessionsRevokeRequest } from '../../wire/sessions.ts'
import type { Revocations } from './revocations.ts'
import type { SessionCache } from './session-cache.ts'

/** What ended: exactly one of these. */
export interface EndedSubject {
  readonly member_session_id?: string
  readonly session_token?: string
  readonly session_jwt?: string
  readonly member_id?: string
  readonly organization_id?: string
}

export type Invalidate = (subject: EndedSubject) => void

/**
 * Tells the guards of this process what ended elsewhere. A session token that this process never saw says nothing about
 * the JWTs of its session: invalidate the `member_session_id` where it is known.
 */
export function createInvalidate(revocations: Revocations, cache: SessionCache): Invalidate {
  return function invalidate(subject) {
    const given = Object.entries(subject).filter(([, value]) => value !== undefined)
    const [name, value] = given[0] ?? []
    if (given.length !== 1 || typeof value !== 'string' || value === '') {
      throw new ConfigError(
        'invalidate takes exactly one of member_session_id, session_token, session_jwt, member_id and organization_id.'
      )
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

function sessionOfToken(token: string, cache: SessionCache): string | undefined {
  const known = knownSession(token, cache)
  if (known !== undefined) return known
  const parsed = parseJwt(token)
  return parsed === undefined ? undefined : sessionIdOf(parsed.claims)
}

/**
 * The client, whose `sessions.revoke` and deletions also tell the guards. A session token is first looked up where its session is not
 * known here, because the JWTs of that session name only its id.
 */
export function watchRevocations(
  client: Client,
  cache: SessionCache,
  invalidate: Invalidate
): Client {
  async function revoke(data: B2BSessionsRevokeRequest, options?: RequestOptions) {
    const { member_id, member_session_id = await identify(data) } = data
    const tell = () => {
      if (member_id !== undefined) invalidate({ member_id })
      else if (member_session_id !== undefined) invalidate({ member_session_id })
    }
    try {
      const answer = await client.sessions.revoke(data, options)
      tell()
      return answer
    } catch (error) {
      // Whether it happened is unknown, and so is whose a JWT is that was never accepted here.
      const { session_jwt } = data
      const isOurs = session_jwt === undefined || knownSession(session_jwt, cache) !== undefined
      if (error instanceof UnavailableError && isOurs) tell()
      throw error
    }
  }

  async function deleteMember(
    data: B2BOrganizationsMembersDeleteRequest,
    options?: RequestOptions
  ) {
    const answer = await client.organizations.members.delete(data, options)
    // The request may have named it by its external id.
    invalidate({ member_id: answer.member_id })
    return answer
  }

  async function deleteOrganization(data: B2BOrganizationsDeleteRequest, options?: RequestOptions) {
    const answer = await client.organizations.delete(data, options)
    invalidate({ organization_id: answer.organization_id })
    return answer
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
      const { member_session } = await client.sessions.authenticate({ session_token })
      return member_session.member_session_id
    } catch {
      return undefined
    }
  }

  const { sessions, organizations } = client
  const members = Object.freeze({ ...organizations.members, delete: deleteMember })
  return Object.freeze({
    ...client,
    sessions: Object.freeze({ ...sessions, revoke }),
    organizations: Object.freeze({ ...organizations, members, delete: deleteOrganization })
  })
}
