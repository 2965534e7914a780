import {
  generateKeyPairSync,
  type KeyObject,
  type KeyPairKeyObjectResult,
  randomUUID
} from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { SignJWT } from 'jose'
import { close, listen } from './listen.ts'
import { takeRsaPair } from './rsa-pairs.ts'

/** How a request came in. */
export interface ProviderCall {
  readonly method: string
  readonly path: string
  readonly authorization: string
}

type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** An identity provider on this machine: it signs what a test likes, and misbehaves when told to. */
export interface IdentityProvider {
  /** With a last slash. */
  readonly url: string
  /** Publishes the RSA key. */
  readonly jwks_url: string
  readonly userinfo_url: string
  /** The public key of the curve P-256. */
  readonly pem: string
  /** Signs claims as they are: with RS256, or with ES256 where the header says so. */
  sign(claims: Record<string, unknown>, header?: Record<string, unknown>): Promise<string>
  /** A credential to which UserInfo answers these claims, or whatever else. */
  credentialFor(userinfo: unknown, form?: string): string
  /** The calls that came in while `work` ran. */
  watch(work: () => Promise<unknown>): Promise<readonly ProviderCall[]>
  /** Answers this path so until undone. */
  misbehave(path: '/jwks' | '/userinfo', answer: Answer): () => void
  close(): Promise<void>
}

export async function openIdentityProvider(): Promise<IdentityProvider> {
  // One for all providers of a test file.
  rsaPair ??= takeRsaPair()
  const rsa = await rsaPair
  const curve = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const users = new Map<string, unknown>()
  const calls: ProviderCall[] = []
  const answers = new Map<string, Answer>()

  const server = createServer((request, response) => {
    const { method = '', url: path = '' } = request
    const { authorization = '' } = request.headers
    calls.push({ method, path, authorization })
    const answer = answers.get(path)
    if (answer !== undefined) answer(request, response)
    else if (path === '/jwks') sendJson(response, 200, { keys: [rsaJwk(rsa)] })
    else if (path === '/userinfo' && users.has(authorization))
      sendJson(response, 200, users.get(authorization))
    else sendJson(response, path === '/userinfo' ? 401 : 404, { error: 'invalid_token' })
  })
  const url = await listen(server)

  return {
    url,
    jwks_url: `${url}jwks`,
    userinfo_url: `${url}userinfo`,
    pem: curve.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    sign(claims, header = {}) {
      const full = { alg: 'RS256', kid: 'rsa', ...header }
      const key: KeyObject = full.alg === 'ES256' ? curve.privateKey : rsa.privateKey
      return new SignJWT(claims).setProtectedHeader(full).sign(key)
    },
    credentialFor(userinfo, form = randomUUID()) {
      users.set(`Bearer ${form}`, userinfo)
      return form
    },
    async watch(work) {
      const before = calls.length
      await work()
      return calls.slice(before)
    },
    misbehave(path, answer) {
      answers.set(path, answer)
      return () => answers.delete(path)
    },
    close: () => close(server)
  }
}

let rsaPair: Promise<KeyPairKeyObjectResult> | undefined

function rsaJwk({ publicKey }: KeyPairKeyObjectResult) {
  return { ...publicKey.export({ format: 'jwk' }), kid: 'rsa', use: 'sig', alg: 'RS256' }
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body))
}
