import { createHash, randomUUID } from 'node:crypto'
import type { ProjectSeed } from 'membergate/authority'
import type { Fixture } from './fixture.ts'
import type { IdentityProvider } from './identity-provider.ts'
import type { Person } from './people.ts'

/** What lies outside of the authority, as the project of the matrix names it: issuers, UserInfo and apps. */

export const profiles = {
  /** Takes RS256 of a key set, and creates nobody. */
  plain: 'trusted-auth-token-profile-test-plain',
  /** Takes ES256 of a PEM, creates members, and knows them by an id of its own. */
  joining: 'trusted-auth-token-profile-test-joining',
  /** As plain, and stands for a second factor. */
  strong: 'trusted-auth-token-profile-test-strong',
  /** As plain, and its issuer gives out verified addresses only, without saying so. */
  vouching: 'trusted-auth-token-profile-test-vouching'
} as const

export const audience = 'https://members.example'

export const apps = {
  first: {
    client_id: 'connected-app-test-first',
    client_type: 'first_party',
    client_secret: 'the-secret-of-the-first-party',
    client_name: 'Mobile',
    client_description: 'Our own app',
    redirect_urls: ['https://mobile.example/callback', 'http://127.0.0.1/callback?kept=1']
  },
  firstPublic: {
    client_id: 'connected-app-test-first-public',
    client_type: 'first_party_public',
    client_name: 'CLI',
    redirect_urls: ['http://127.0.0.1/callback']
  },
  third: {
    client_id: 'connected-app-test-third',
    client_type: 'third_party',
    client_secret: 'the-secret-of-the-third-party:50%+more&=',
    client_name: 'Reports',
    redirect_urls: ['https://reports.example/callback']
  }
} as const

export function issuerOf({ url }: IdentityProvider, profile: keyof typeof profiles): string {
  return `${url}${profile}`
}

export function settingsFor(identity: IdentityProvider): ProjectSeed['settings'] {
  const mapping = { email: 'email', token_id: 'jti', organization_id: 'https://acme.example/org' }
  const common = { audience, attribute_mapping: mapping }
  const keySet = { public_key_type: 'JWK', jwks_url: identity.jwks_url } as const
  return {
    userinfo_url: identity.userinfo_url,
    userinfo_email_verified: 'claim',
    trusted_auth_token_profiles: [
      { ...common, ...keySet, profile_id: profiles.plain, issuer: issuerOf(identity, 'plain') },
      {
        ...common,
        profile_id: profiles.joining,
        issuer: issuerOf(identity, 'joining'),
        algorithms: ['ES256'],
        public_key_type: 'PEM',
        pem_files: [identity.pem],
        attribute_mapping: { ...mapping, external_member_id: 'sub', role_ids: 'roles' },
        can_jit_provision: true
      },
      {
        ...common,
        ...keySet,
        profile_id: profiles.strong,
        issuer: issuerOf(identity, 'strong'),
        satisfies_mfa: true
      },
      {
        ...common,
        ...keySet,
        profile_id: profiles.vouching,
        issuer: issuerOf(identity, 'vouching'),
        email_verified: 'vouched'
      }
    ],
    connected_apps: [
      { ...apps.first, redirect_urls: [...apps.first.redirect_urls] },
      { ...apps.firstPublic, redirect_urls: [...apps.firstPublic.redirect_urls] },
      { ...apps.third, redirect_urls: [...apps.third.redirect_urls] }
    ]
  }
}

export interface TrustedTokenFields {
  readonly profile?: keyof typeof profiles
  /** What the claims are besides, or instead; `undefined` leaves one out. */
  readonly claims?: Readonly<Record<string, unknown>>
  readonly header?: Record<string, unknown>
}

/** A token of the profile's issuer about the person: young, unused, and of the person's organization. */
export function trustedToken(
  { identity, clock }: Pick<Fixture, 'identity' | 'clock'>,
  { email_address, organization_id }: Pick<Person, 'email_address' | 'organization_id'>,
  { profile = 'plain', claims, header }: TrustedTokenFields = {}
): Promise<string> {
  const iat = Math.floor(clock.now() / 1000)
  const standard = {
    iss: issuerOf(identity, profile),
    aud: audience,
    sub: email_address,
    email: email_address,
    email_verified: true,
    'https://acme.example/org': organization_id,
    jti: randomUUID(),
    iat,
    exp: iat + 300
  }
  const algorithm = profile === 'joining' ? { alg: 'ES256', kid: undefined } : {}
  return identity.sign(JSON.parse(JSON.stringify({ ...standard, ...claims })), {
    ...algorithm,
    ...header
  })
}

export const code_verifier = 'a-verifier-of-at-least-43-characters-is-what-PKCE-asks-for'
export const code_challenge = createHash('sha256').update(code_verifier).digest('base64url')

/** What an app needs of the fixture. */
interface AppWorld {
  readonly client: Pick<Fixture['client'], 'idp'>
  readonly tap: { readonly url: string }
}

export type Authorizing =
  | { readonly session_token: string }
  | { readonly session_jwt: string }
  | { readonly organization_id: string; readonly member_id: string }

/** What the first party asks for. */
export const authorization = {
  client_id: apps.first.client_id,
  redirect_uri: apps.first.redirect_urls[0],
  response_type: 'code',
  scopes: ['openid', 'full_access']
}

/** Lets the app in, and gives the code. */
export async function authorize(
  fixture: Pick<AppWorld, 'client'>,
  by: Authorizing,
  request: Record<string, unknown> = {}
): Promise<string> {
  const { authorization_code } = await fixture.client.idp.oauth.authorize({
    ...authorization,
    consent_granted: true,
    code_challenge,
    ...request,
    ...by
  })
  if (authorization_code === undefined) throw new Error('The authorization brought no code.')
  return authorization_code
}

export interface TokenAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: Readonly<Record<string, unknown>> & { readonly access_token?: string }
}

/** What an app sends to an endpoint of its own: a form, without the credentials of the project. */
export async function postForm(
  { tap }: Pick<AppWorld, 'tap'>,
  path: string,
  form: Readonly<Record<string, string>> | string,
  headers: Record<string, string> = {}
): Promise<TokenAnswer> {
  const answer = await fetch(new URL(path, tap.url), {
    method: 'POST',
    headers,
    body: new URLSearchParams(form)
  })
  const body = (await answer.json()) as TokenAnswer['body']
  return { status: answer.status, headers: answer.headers, body }
}

/** The access token that the session authorizes the first party to have. */
export async function accessTokenOf(
  fixture: AppWorld,
  by: Authorizing,
  request: Record<string, unknown> = {}
): Promise<string> {
  const { body } = await postForm(fixture, '/v1/oauth2/token', {
    grant_type: 'authorization_code',
    code: await authorize(fixture, by, request),
    redirect_uri: apps.first.redirect_urls[0],
    client_id: apps.first.client_id,
    client_secret: apps.first.client_secret,
    code_verifier
  })
  if (body.access_token === undefined) throw new Error(`There is no token: ${String(body.error)}`)
  return body.access_token
}
