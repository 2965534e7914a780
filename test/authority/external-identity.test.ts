import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import { createAuthority, type ProjectSeed } from 'membergate/authority'
import { createClient } from 'membergate/client'
import { ApiError, ConfigError } from 'membergate/errors'
import { openAuthority } from 'membergate/testing'
import { rejectionOf } from '../support/api-errors.ts'
import { describeOnEachDatabase } from '../support/databases.ts'
import { accessTokenOf, apps, authorize, settingsFor } from '../support/external.ts'
import { openIdentityProvider } from '../support/identity-provider.ts'
import { timeoutMs } from '../support/patience.ts'

const project_id = `project-test-${randomUUID()}`
const secret = `secret-test-${randomUUID()}`
const member = { email_address: 'ada@acme.example', password: 'correct horse battery staple' }
const organizations = [{ organization_name: 'Acme', organization_slug: 'acme', members: [member] }]

type Settings = NonNullable<ProjectSeed['settings']>

const open = (settings: unknown, more: readonly ProjectSeed[] = []) =>
  openAuthority({ projects: [{ settings: settings as Settings }, ...more] })

describe('settings', () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const small = generateKeyPairSync('rsa', { modulusLength: 1024 })
  const pemOf = ({ publicKey }: typeof rsa) =>
    publicKey.export({ type: 'spki', format: 'pem' }).toString()
  const privatePem = rsa.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()

  const profile = {
    profile_id: 'one',
    issuer: 'https://idp.example',
    audience: 'us',
    attribute_mapping: { email: 'email', token_id: 'jti' },
    public_key_type: 'JWK',
    jwks_url: 'https://idp.example/jwks'
  }
  const { jwks_url, ...unkeyed } = profile
  const pemProfile = { ...unkeyed, public_key_type: 'PEM', pem_files: [pemOf(rsa)] }
  const app = {
    client_id: 'app',
    client_type: 'first_party',
    client_secret: 'at least sixteen'.replaceAll(' ', '-'),
    client_name: 'App',
    redirect_urls: ['https://app.example/callback']
  }
  const { client_secret, ...bare } = app

  test.each<[string, unknown]>([
    ['of a key set', { trusted_auth_token_profiles: [profile] }],
    ['of a PEM', { trusted_auth_token_profiles: [pemProfile] }],
    [
      'of UserInfo on this machine',
      { userinfo_url: 'http://127.0.0.1:1/me', userinfo_email_verified: 'claim' }
    ],
    [
      'of UserInfo with verified addresses only',
      { userinfo_url: 'http://127.0.0.1:1/me', userinfo_email_verified: 'vouched' }
    ],
    [
      'of a profile with verified addresses only',
      { trusted_auth_token_profiles: [{ ...profile, email_verified: 'vouched' }] }
    ],
    ['of no UserInfo', { userinfo_url: null }],
    [
      'of apps',
      { connected_apps: [app, { ...bare, client_id: 'b', client_type: 'third_party_public' }] }
    ]
  ])('%s are taken', async (_, settings) => {
    await (await open(settings)).close()
  })

  const profiles = 'projects[0].settings.trusted_auth_token_profiles'
  const connectedApps = 'projects[0].settings.connected_apps'

  test.each<[string, unknown, string]>([
    [
      'a key set by http',
      { trusted_auth_token_profiles: [{ ...profile, jwks_url: 'http://idp.example/jwks' }] },
      `${profiles}[0].jwks_url`
    ],
    [
      'a key set with credentials',
      { trusted_auth_token_profiles: [{ ...profile, jwks_url: 'https://a:b@idp.example/' }] },
      `${profiles}[0].jwks_url`
    ],
    [
      'an address that only looks like this machine',
      { userinfo_url: 'http://127.0.0.1.evil.example/' },
      'projects[0].settings.userinfo_url'
    ],
    [
      'UserInfo of which it is not said what its addresses are worth',
      { userinfo_url: 'https://idp.example/me' },
      "projects[0].settings.userinfo_url needs userinfo_email_verified beside it: write 'claim'"
    ],
    [
      'an unknown worth of its addresses',
      { userinfo_url: 'https://idp.example/me', userinfo_email_verified: true },
      'projects[0].settings.userinfo_email_verified'
    ],
    [
      'an unknown worth of the addresses of a profile',
      { trusted_auth_token_profiles: [{ ...profile, email_verified: false }] },
      `${profiles}[0].email_verified`
    ],
    [
      'no key set',
      { trusted_auth_token_profiles: [{ ...profile, jwks_url: undefined }] },
      `${profiles}[0].jwks_url`
    ],
    [
      'keys of both kinds',
      { trusted_auth_token_profiles: [{ ...profile, pem_files: [] }] },
      `${profiles}[0].pem_files`
    ],
    [
      'a private key',
      { trusted_auth_token_profiles: [{ ...pemProfile, pem_files: [privatePem] }] },
      `${profiles}[0].pem_files[0]`
    ],
    [
      'a small key',
      {
        trusted_auth_token_profiles: [{ ...pemProfile, pem_files: [pemOf(small)] }]
      },
      `${profiles}[0].pem_files[0]`
    ],
    [
      'a key that no algorithm uses',
      { trusted_auth_token_profiles: [{ ...pemProfile, algorithms: ['ES256'] }] },
      profiles
    ],
    [
      'a weak algorithm',
      { trusted_auth_token_profiles: [{ ...profile, algorithms: ['HS256'] }] },
      `${profiles}[0].algorithms[0]`
    ],
    [
      'no mapped address',
      { trusted_auth_token_profiles: [{ ...profile, attribute_mapping: { token_id: 'jti' } }] },
      `${profiles}[0].attribute_mapping.email`
    ],
    [
      'a mapping of what cannot be mapped',
      {
        trusted_auth_token_profiles: [
          { ...profile, attribute_mapping: { ...profile.attribute_mapping, status: 's' } }
        ]
      },
      `${profiles}[0].attribute_mapping.status`
    ],
    [
      'two profiles of one id',
      { trusted_auth_token_profiles: [profile, { ...profile, issuer: 'https://other.example' }] },
      profiles
    ],
    [
      'AA-05: two profiles of one issuer',
      { trusted_auth_token_profiles: [profile, { ...profile, profile_id: 'two' }] },
      profiles
    ],
    [
      'AA-08: an authority as issuer',
      { trusted_auth_token_profiles: [{ ...profile, issuer: `stytch.com/${project_id}` }] },
      profiles
    ],
    [
      'an app whose name is blank',
      { connected_apps: [{ ...app, client_name: ' ' }] },
      `${connectedApps}[0].client_name`
    ],
    ['an app without a secret', { connected_apps: [bare] }, `${connectedApps}[0].client_secret`],
    [
      'a short secret',
      { connected_apps: [{ ...app, client_secret: 'short' }] },
      `${connectedApps}[0].client_secret`
    ],
    [
      'a public app with a secret',
      { connected_apps: [{ ...app, client_type: 'first_party_public' }] },
      `${connectedApps}[0].client_secret`
    ],
    [
      'an app of no kind',
      { connected_apps: [{ ...app, client_type: 'second_party' }] },
      `${connectedApps}[0].client_type`
    ],
    [
      'a redirect URL by http',
      { connected_apps: [{ ...app, redirect_urls: ['http://app.example/'] }] },
      `${connectedApps}[0].redirect_urls[0]`
    ],
    ['two apps of one id', { connected_apps: [app, app] }, 'connected_apps'],
    ['a misspelt name', { userinfo_urls: null }, 'userinfo_url']
  ])('%s stops the start, and is named', async (_, settings, path) => {
    const error = await rejectionOf(open(settings))
    expect(error).toBeInstanceOf(ConfigError)
    expect(String(error)).toContain(path)
    expect(String(error)).not.toContain(client_secret)
    expect(String(error)).not.toContain('PRIVATE KEY')
  })

  test('two projects with an app of one id stop the start', async () => {
    const settings = { connected_apps: [app] } as Settings
    const error = await rejectionOf(open(settings, [{ settings }]))
    expect(error).toBeInstanceOf(ConfigError)
  })
})

describe('the option fetch', () => {
  test('is how other providers are asked', async () => {
    const asked: unknown[] = []
    const userinfo_url = 'https://idp.example/me'
    const authority = await createAuthority({
      database: ':memory:',
      projects: [
        {
          project_id,
          secret,
          settings: { userinfo_url, userinfo_email_verified: 'vouched' },
          organizations
        }
      ],
      async fetch(url, { headers, redirect } = {}) {
        asked.push([url, new Headers(headers).get('authorization'), redirect])
        return Response.json({ email: member.email_address })
      }
    })
    const { url } = await authority.listen()
    const client = createClient({ project_id, secret, url, timeoutMs })
    const request = { organization_id: 'acme', session_token: 'elsewhere' }
    const answer = await client.sessions.migrate(request)
    expect(answer.member.email_address).toBe(member.email_address)
    expect(asked).toEqual([[userinfo_url, 'Bearer elsewhere', 'manual']])
    await authority.close()
  })

  test('that does not listen to its signal is left behind', async () => {
    const authority = await createAuthority({
      database: ':memory:',
      projects: [
        {
          project_id,
          secret,
          settings: { userinfo_url: 'https://idp.example', userinfo_email_verified: 'claim' },
          organizations
        }
      ],
      fetch: () => new Promise(() => {})
    })
    const { url } = await authority.listen()
    const client = createClient({ project_id, secret, url, timeoutMs })
    const call = client.sessions.migrate({ organization_id: 'acme', session_token: 'x' })
    const error = await rejectionOf(call)
    expect(error).toBeInstanceOf(ApiError)
    expect(Reflect.get(Object(error), 'status_code')).toBe(400)
    await authority.close()
  })

  test('must be a function', async () => {
    const options = { database: ':memory:', fetch: 'curl' as unknown as typeof fetch }
    expect(await rejectionOf(createAuthority(options))).toBeInstanceOf(ConfigError)
  })
})

describe('the database', () => {
  describeOnEachDatabase((create) => {
    test('AM-05: holds no secret of an app, no code, no access token and no credential of elsewhere', async () => {
      const [identity, database] = [await openIdentityProvider(), await create()]
      const settings = settingsFor(identity)
      const projects = [{ project_id, secret, settings, organizations }]
      const authority = await openAuthority({ database: database.location, projects })
      const { url } = authority
      const fixture = { client: createClient({ project_id, secret, url, timeoutMs }), tap: { url } }
      const session_token = identity.credentialFor({
        email: member.email_address,
        email_verified: true
      })
      const migrated = await fixture.client.sessions.migrate({
        organization_id: 'acme',
        session_token
      })
      const by = { session_token: migrated.session_token }
      const code = await authorize(fixture, by)
      const token = await accessTokenOf(fixture, by)
      await authority.close()
      await identity.close()
      const dump = await database.dump()
      await database.drop()
      expect(dump).toContain(apps.first.client_id)
      const [, payload = ''] = token.split('.')
      const { jti } = JSON.parse(Buffer.from(payload, 'base64url').toString())
      for (const kept of [apps.first.client_secret, code, token, jti, session_token]) {
        expect(dump.includes(kept)).toBe(false)
      }
    })

    test('forgets whom a later start no longer names', async () => {
      const [identity, database] = [await openIdentityProvider(), await create()]
      const start = (settings: Settings) =>
        openAuthority({
          database: database.location,
          projects: [{ project_id, secret, settings, organizations }]
        })
      await (await start(settingsFor(identity) ?? {})).close()
      const again = await start({ userinfo_url: null, connected_apps: [] })
      const client = createClient({ project_id, secret, url: again.url, timeoutMs })
      const session_token = identity.credentialFor({
        email: member.email_address,
        email_verified: true
      })
      const migrate = client.sessions.migrate({ organization_id: 'acme', session_token })
      expect(await rejectionOf(migrate)).toMatchObject({
        error_type: 'migrate_from_external_missing_userinfo'
      })
      const attest = client.sessions.attest({
        profile_id: 'trusted-auth-token-profile-test-plain',
        token: 'x'
      })
      expect(await rejectionOf(attest)).toMatchObject({ error_type: 'invalid_trusted_auth_token' })
      await again.close()
      await identity.close()
      await database.drop()
    })
  })
})

test('an app that does not prove itself is told how to', async () => {
  const { url, close } = await openAuthority()
  const answer = await fetch(new URL('/v1/oauth2/token', url), {
    method: 'POST',
    body: new URLSearchParams({ client_id: 'none' })
  })
  expect(answer.status).toBe(401)
  expect(answer.headers.get('www-authenticate')).toMatch(/^Basic /)
  expect(answer.headers.get('cache-control')).toBe('no-store')
  await close()
})
