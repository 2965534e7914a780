import { newOpaqueToken, sha256 } from '../crypto/tokens.ts'

/** Counted from the code: no use of a refresh token moves the end of what the app was granted. */
export const refreshLifetimeMs = 30 * 24 * 60 * 60_000

const refreshToken = /^([A-Za-z0-9_-]{44})\.[A-Za-z0-9_-]{44}$/

export interface RefreshHashes {
  readonly family_hash: string
  readonly refresh_hash: string
}

/** Its first half is that of all refresh tokens of the grant, so that one row knows every one that was used. */
export function newRefreshToken(family = newOpaqueToken()): [token: string, hashes: RefreshHashes] {
  const token = `${family}.${newOpaqueToken()}`
  return [token, { family_hash: sha256(family), refresh_hash: sha256(token) }]
}

/** The first half; `undefined` for what cannot be a refresh token. */
export function familyOf(token: string): string | undefined {
  return refreshToken.exec(token)?.[1]
}
