import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { close, listen } from './listen.ts'

/** What a sign-in at the provider brings. */
export interface ProviderTokens {
  readonly access_token: string
  readonly id_token: string
}

/** A real OpenID provider on this machine, where any e-mail address may sign in. */
export interface OpenIdProvider {
  /** Without a last slash. */
  readonly issuer: string
  readonly client_id: string
  readonly jwks_url: string
  readonly userinfo_url: string
  /** The authorization code flow, from the browser's side and then from the app's. */
  signIn(email: string, claims?: Readonly<Record<string, unknown>>): Promise<ProviderTokens>
  /** Ends an access token there (RFC 7009). */
  revoke(access_token: string): Promise<void>
  close(): Promise<void>
}

const client = {
  client_id: 'another-app',
  client_secret: 'the-secret-of-another-app',
  redirect_uris: ['https://another.example/callback']
}
const [redirect_uri = ''] = client.redirect_uris

export async function openOpenIdProvider(): Promise<OpenIdProvider> {
  const server = createServer()
  const issuer = (await listen(server)).replace(/\/$/, '')
  const accounts = new Map<string, Readonly<Record<string, unknown>>>()
  const provider = await quietly(async () => {
    const { default: Provider } = await import('oidc-provider')
    return new Provider(issuer, configurationFor(accounts))
  })
  server.on('request', provider.callback())

  return {
    issuer,
    client_id: client.client_id,
    jwks_url: `${issuer}/jwks`,
    userinfo_url: `${issuer}/me`,
    async signIn(email, claims = {}) {
      accounts.set(email, { email, email_verified: true, ...claims })
      const code = await followBrowser(issuer, email)
      return postForm(`${issuer}/token`, {
        grant_type: 'authorization_code',
        code,
        redirect_uri
      }) as Promise<ProviderTokens>
    },
    async revoke(token) {
      await postForm(`${issuer}/token/revocation`, { token })
    },
    close: () => close(server)
  }
}

function configurationFor(
  accounts: ReadonlyMap<string, Readonly<Record<string, unknown>>>
): object {
  return {
    clients: [client],
    claims: { openid: ['sub', 'token_id', 'org'], email: ['email', 'email_verified'] },
    conformIdTokenClaims: false,
    cookies: { keys: [randomUUID()] },
    features: { revocation: { enabled: true, allowedPolicy: () => true } },
    pkce: { required: () => false },
    ttl: { AccessToken: 3600, Grant: 3600, IdToken: 300, Interaction: 600, Session: 3600 },
    findAccount: (_: unknown, email: string) => ({
      accountId: email,
      claims: () => ({ sub: email, token_id: randomUUID(), ...accounts.get(email) })
    })
  }
}

/** Fills in the forms for sign-in and consent, as a person would, and stops where the app would be called. */
async function followBrowser(issuer: string, login: string): Promise<string> {
  const cookies = new Map<string, string>()
  const start = new URL(`${issuer}/auth`)
  start.search = new URLSearchParams({
    client_id: client.client_id,
    redirect_uri,
    response_type: 'code',
    scope: 'openid email'
  }).toString()
  let location = start.href
  for (let steps = 0; steps < 12; steps += 1) {
    if (location.startsWith(redirect_uri)) return new URL(location).searchParams.get('code') ?? ''
    const headers = { Cookie: [...cookies].map((pair) => pair.join('=')).join('; ') }
    const page = await fetch(location, { headers, redirect: 'manual' })
    keepCookies(page, cookies)
    const next = page.headers.get('location')
    if (next !== null) {
      location = new URL(next, issuer).href
      continue
    }
    const [, prompt = ''] = /name="prompt" value="(\w+)"/.exec(await page.text()) ?? []
    const answer = await fetch(location, {
      method: 'POST',
      headers: { Cookie: [...cookies].map((pair) => pair.join('=')).join('; ') },
      redirect: 'manual',
      body: new URLSearchParams({ prompt, login, password: 'any' })
    })
    keepCookies(answer, cookies)
    location = new URL(answer.headers.get('location') ?? '', issuer).href
  }
  throw new Error('The sign-in at the OpenID provider leads nowhere.')
}

function keepCookies({ headers }: Response, cookies: Map<string, string>): void {
  for (const cookie of headers.getSetCookie()) {
    const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(cookie) ?? []
    cookies.set(name, value)
  }
}

async function postForm(url: string, form: Record<string, string>): Promise<unknown> {
  const { client_id, client_secret } = client
  const answer = await fetch(url, {
    method: 'POST',
    headers: {
      Authorization: `Basic ${Buffer.from(`${client_id}:${client_secret}`).toString('base64')}`
    },
    body: new URLSearchParams(form)
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`The OpenID provider answered ${answer.status}: ${text}`)
  return text === '' ? {} : JSON.parse(text)
}

/** It warns that it is set up for tests. */
async function quietly<Result>(work: () => Promise<Result>): Promise<Result> {
  const { warn, info } = console
  console.warn = () => {}
  console.info = () => {}
  try {
    return await work()
  } finally {
    console.warn = warn
    console.info = info
  }
}
