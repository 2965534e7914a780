import { timingSafeEqual } from 'node:crypto'
import { sha256 } from '../crypto/tokens.ts'
import { OperationError } from '../domain/operation-error.ts'
import { isProjectId } from '../project-id.ts'

/** The project that a caller says to be, and its secret. */
export interface BasicCredentials {
  readonly project_id: string
  readonly secret: string
}

/** Says with a 401 how to authenticate. */
export const basicChallenge = 'Basic realm="membergate", charset="UTF-8"'

const basicForm = /^Basic +([A-Za-z0-9+/]+={0,2})$/i

/** Compared with when no hash is stored, so that an unknown project takes as long as a wrong secret. */
const placeholderHash = sha256('')

/** Reads `Authorization: Basic` (RFC 7617): everything after the first colon is the secret. */
export function readBasicCredentials(header: string | undefined): BasicCredentials {
  const [, encoded] = basicForm.exec(header ?? '') ?? []
  if (encoded === undefined) throw new OperationError('invalid_authorization_header')
  const text = Buffer.from(encoded, 'base64').toString()
  const colon = text.indexOf(':')
  if (colon === -1) throw new OperationError('invalid_authorization_header')
  const project_id = text.slice(0, colon)
  if (!isProjectId(project_id)) throw new OperationError('invalid_project_id_authentication')
  return { project_id, secret: text.slice(colon + 1) }
}

/** In constant time. Without a stored hash nothing is right. */
export function isRightSecret(secret: string, secret_hash: string | null | undefined): boolean {
  const expected = Buffer.from(secret_hash ?? placeholderHash)
  const matches = timingSafeEqual(Buffer.from(sha256(secret)), expected)
  return matches && secret_hash !== null && secret_hash !== undefined
}
