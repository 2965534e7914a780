import { randomUUID } from 'node:crypto'
import { exportJWK, type JWTPayload, SignJWT } from 'jose'
import type { JWK, MemberSession } from 'membergate/client'
import { takeRsaPair } from './rsa-pairs.ts'

export function secondsOf(timestamp: string): number {
  return Date.parse(timestamp) / 1000
}

/** Seconds from the start of a session to its end. */
export function lifetimeOf({ started_at, expires_at }: MemberSession): number {
  return secondsOf(expires_at) - secondsOf(started_at)
}

export const sessionClaim = 'https://stytch.com/session'
export const organizationClaim = 'https://stytch.com/organization'

export interface SessionJwtClaims extends JWTPayload {
  readonly iat: number
  readonly nbf: number
  readonly exp: number
  readonly [sessionClaim]: {
    readonly id: string
    readonly roles: string[]
    readonly expires_at: string
    readonly last_accessed_at: string
  }
  readonly [organizationClaim]: { readonly organization_id: string; readonly slug: string }
}

/** What a JWT says, unverified. */
export function claimsOf(jwt: string): SessionJwtClaims {
  return decodePart(jwt, 1) as SessionJwtClaims
}

export function headerOf(jwt: string): Record<string, unknown> {
  return decodePart(jwt, 0) as Record<string, unknown>
}

function decodePart(jwt: string, index: number): unknown {
  return JSON.parse(Buffer.from(jwt.split('.')[index] ?? '', 'base64url').toString())
}

/** Changes one bit of the signature, and of nothing else. */
export function withOtherSignature(jwt: string): string {
  const [header, payload, signature = ''] = jwt.split('.')
  const bytes = Buffer.from(signature, 'base64url')
  bytes[0] = (bytes[0] ?? 0) ^ 1
  return `${header}.${payload}.${bytes.toString('base64url')}`
}

/** Signs session JWTs with a key of its own. */
export interface Forger {
  readonly jwk: JWK
  /** The JWT with other claims or another header, signed by this key. */
  sign(
    claims: Record<string, unknown>,
    header?: { kid?: string; alg?: string; typ?: string }
  ): Promise<string>
}

export async function newForger(): Promise<Forger> {
  const { publicKey, privateKey } = await takeRsaPair()
  const kid = `jwk-test-${randomUUID()}`
  const jwk: unknown = {
    ...(await exportJWK(publicKey)),
    kid,
    use: 'sig',
    alg: 'RS256',
    key_ops: ['verify']
  }
  return {
    jwk: jwk as JWK,
    sign: (claims, header) =>
      new SignJWT(claims)
        .setProtectedHeader({ alg: 'RS256', typ: 'JWT', kid, ...header })
        .sign(privateKey)
  }
}
