import type { Authorization } from '../../wire/authorization.ts'
import type { Credential } from '../request/credentials.ts'
import type { CheckedSession } from './session-cache.ts'

/**
 * A session as a call of the API names it, which takes one of the two. The opaque token outlives the JWT, and a JWT that was
 * refreshed replaces the one sent.
 */
export function authorizationFrom(
  { session_token, session_jwt = '' }: Credential,
  { refreshedJwt }: CheckedSession
): Authorization {
  return session_token === undefined
    ? { session_jwt: refreshedJwt ?? session_jwt }
    : { session_token }
}
