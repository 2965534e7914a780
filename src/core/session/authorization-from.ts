import type { Authorization } from '../../wire/authorization.ts'
import type { Credential } from '../request/credentials.ts'
import type { CheckedSession } from './session-cache.ts'

/**
 * A session as a call of the API names it, by what showed whose it is: the opaque token where the authority was asked about
 * it, else the JWT. A JWT that was refreshed replaces the one sent.
 */
export function authorizationFrom(credential: Credential, checked: CheckedSession): Authorization {
  const session_token = ownToken(credential, checked)
  const { session_jwt = '' } = credential
  return session_token === undefined
    ? { session_jwt: checked.refreshedJwt ?? session_jwt }
    : { session_token }
}

/** The opaque token of a request, where it is known to be of this session. */
export function ownToken(
  { session_token }: Credential,
  checked: CheckedSession
): string | undefined {
  return session_token === checked.session_token ? session_token : undefined
}
