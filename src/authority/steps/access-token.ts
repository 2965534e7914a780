import { hasValidSignature } from '../../jwt/jose.ts'
import { parseJwt } from '../../jwt/parse.ts'
import type { Context } from '../context.ts'
import { type AccessToken, readAccessToken } from '../domain/access-tokens.ts'

/** An access token that the project signed, whether or not it still counts; `undefined` for anything else. */
export async function readOwnToken(
  { project, signingKeys, now }: Context,
  access_token: string
): Promise<AccessToken | undefined> {
  const parsed = parseJwt(access_token)
  if (parsed === undefined) return undefined
  const key = await signingKeys.verificationKey(parsed.kid, now)
  const isOurs = key !== undefined && (await hasValidSignature(access_token, key))
  return isOurs ? readAccessToken(parsed.claims, project.project_id) : undefined
}
