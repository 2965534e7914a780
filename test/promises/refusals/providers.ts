import { organizationClaim, sessionClaim } from '../../../src/jwt/claims.ts'
import type { OperationName } from '../../../src/wire/routes.ts'
import {
  accessTokenOf,
  apps,
  postForm,
  profiles,
  type TrustedTokenFields,
  trustedToken
} from '../../support/external.ts'
import { bcryptHash } from '../../support/requests.ts'
import { runSql } from '../../support/run-sql.ts'
import { newForger, withOtherSignature } from '../../support/session-jwts.ts'
import { changed, type Rejection, type Rule, type Sent, taking } from './rule.ts'
import { idsOf, newAddress, type Scene, setMember } from './scene.ts'
import { basic } from './transport.ts'

const attest: readonly OperationName[] = ['sessions.attest']
const exchange: readonly OperationName[] = ['sessions.exchangeAccessToken']
const byOtherSystem: readonly OperationName[] = ['sessions.attest', 'sessions.migrate']
const authorizing: readonly OperationName[] = ['idp.oauth.authorizeStart', 'idp.oauth.authorize']

const invalid = '401 invalid_trusted_auth_token'
const wrongClaims = '401 jwt_invalid_claims'

/** Tokens of the issuer that say something wrong. Times are in seconds from now. */
const tokens: readonly (readonly [
  of: string,
  rejects: Rejection,
  fields: (now: number, scene: Scene) => TrustedTokenFields
])[] = [
  [
    'of another issuer',
    '401 jwt_invalid_issuer',
    () => ({ claims: { iss: 'https://other.example' } })
  ],
  ['of the issuer of another profile', '401 jwt_invalid_issuer', () => ({ profile: 'strong' })],
  [
    'for another audience',
    '401 jwt_invalid_audience',
    () => ({ claims: { aud: 'https://other.example' } })
  ],
  ['without an audience', '401 jwt_invalid_audience', () => ({ claims: { aud: undefined } })],
  ['without a beginning', wrongClaims, () => ({ claims: { iat: undefined } })],
  ['without an end', wrongClaims, () => ({ claims: { exp: undefined } })],
  ['that lives longer than ten minutes', wrongClaims, (now) => ({ claims: { exp: now + 601 } })],
  ['that has ended', invalid, (now) => ({ claims: { iat: now - 100, exp: now } })],
  ['from the future', invalid, (now) => ({ claims: { iat: now + 6 } })],
  ['that does not count yet', invalid, (now) => ({ claims: { nbf: now + 6 } })],
  ['without an id', wrongClaims, () => ({ claims: { jti: undefined } })],
  ['without an address', wrongClaims, () => ({ claims: { email: undefined } })],
  ['with a malformed address', wrongClaims, () => ({ claims: { email: 'no address' } })],
  [
    'with an address that is not verified',
    wrongClaims,
    () => ({ claims: { email_verified: false } })
  ],
  [
    'with an address that is not said to be verified',
    wrongClaims,
    () => ({ claims: { email_verified: undefined } })
  ],
  [
    'with an address that is verified by text',
    wrongClaims,
    () => ({ claims: { email_verified: 'true' } })
  ],
  ['that is a session JWT', invalid, () => ({ claims: { [sessionClaim]: {} } })],
  ['of another algorithm', invalid, () => ({ header: { alg: 'ES256' } })],
  ['of another type', invalid, () => ({ header: { typ: 'logout+jwt' } })],
  ['of a type that is no text', invalid, () => ({ header: { typ: ['JWT'] } })],
  ['of an unknown key', invalid, () => ({ header: { kid: 'other' } })],
  ['of no key', invalid, () => ({ header: { kid: undefined } })],
  [
    'of an organization that does not exist',
    '404 organization_not_found',
    () => ({ claims: { 'https://acme.example/org': 'organization-test-nowhere' } })
  ],
  [
    'without an organization, which the request does not name either',
    '400 token_missing_organization_id_claim',
    () => ({ claims: { 'https://acme.example/org': undefined } })
  ],
  [
    'about an address that no member has',
    '404 member_not_found',
    () => ({ claims: { email: newAddress() } })
  ]
]

const argon = { salt: 'saltsalt', iteration_amount: 1, memory: 64, threads: 1, key_length: 16 }
const scrypt = {
  salt: 'c2FsdHNhbHQ=',
  n_parameter: 16,
  r_parameter: 1,
  p_parameter: 1,
  key_length: 16
}
const pbkdf = { salt: 'c2FsdHNhbHQ=', iteration_amount: 1, key_length: 16 }
const hex = '00112233445566778899aabbccddeeff'
const base64 = 'ABEiM0RVZneImaq7zN3u/w=='

/** Hashes of other systems that cannot be taken over, and why. */
const hashes: readonly (readonly [fields: Record<string, unknown>, rejects: Rejection])[] = [
  [{ hash_type: 'rot13' }, '400 invalid_hash_type'],
  [{ hash_type: 'phpass', hash: 'x' }, '400 invalid_phpass_hash_prefix'],
  [{ hash_type: 'phpass', hash: '$P$B' }, '400 invalid_phpass_hash_format'],
  [{ hash: 'x' }, '400 invalid_bcrypt_hash'],
  [{ hash: bcryptHash.replace('$04$', '$15$') }, '400 invalid_bcrypt_cost'],
  [{ hash: bcryptHash.replace('$04$', '$03$') }, '400 invalid_bcrypt_cost'],
  [{ hash_type: 'md_5', hash: 'x' }, '400 invalid_md_5_hash'],
  [{ hash_type: 'sha_1', hash: 'x' }, '400 invalid_sha_1_hash'],
  [{ hash_type: 'sha_512', hash: 'x' }, '400 invalid_sha_512_hash'],
  [{ hash_type: 'argon_2id', hash: 'x' }, '400 invalid_argon_2_hash'],
  [{ hash_type: 'argon_2i', hash: hex }, '400 invalid_argon_2_hash'],
  [
    { hash_type: 'argon_2id', hash: hex, argon_2_config: { ...argon, memory: 1024 * 1024 } },
    '400 invalid_argon_2_hash'
  ],
  [
    { hash_type: 'argon_2id', hash: hex, argon_2_config: { ...argon, iteration_amount: 17 } },
    '400 invalid_argon_2_hash'
  ],
  [
    { hash_type: 'argon_2id', hash: hex, argon_2_config: { ...argon, key_length: 32 } },
    '400 argon_2_key_length_mismatch'
  ],
  [{ hash_type: 'scrypt', hash: base64 }, '400 invalid_scrypt_hash'],
  [
    { hash_type: 'scrypt', hash: base64, scrypt_config: { ...scrypt, n_parameter: 15 } },
    '400 invalid_scrypt_hash'
  ],
  [
    { hash_type: 'scrypt', hash: base64, scrypt_config: { ...scrypt, n_parameter: 262_145 } },
    '400 invalid_scrypt_hash'
  ],
  [
    { hash_type: 'scrypt', hash: base64, scrypt_config: { ...scrypt, key_length: 32 } },
    '400 scrypt_key_length_mismatch'
  ],
  [{ hash_type: 'pbkdf_2', hash: base64 }, '400 invalid_pbkdf_2_hash'],
  [
    { hash_type: 'pbkdf_2', hash: base64, pbkdf_2_config: { ...pbkdf, algorithm: 'md5' } },
    '400 invalid_pbkdf_2_hash'
  ],
  [
    {
      hash_type: 'pbkdf_2',
      hash: base64,
      pbkdf_2_config: { ...pbkdf, iteration_amount: 2_000_001 }
    },
    '400 invalid_pbkdf_2_hash'
  ],
  [
    { hash_type: 'pbkdf_2', hash: base64, pbkdf_2_config: { ...pbkdf, key_length: 32 } },
    '400 pbkdf_2_key_length_mismatch'
  ]
]

export const providerRules: readonly Rule[] = [
  // Trusted tokens
  {
    of: 'an unknown profile',
    operations: attest,
    rejects: '404 trusted_token_profile_not_found',
    broken: (scene) => changed(scene, { profile_id: 'none' })
  },
  {
    of: 'a token that is none',
    operations: attest,
    rejects: invalid,
    broken: (scene) => changed(scene, { token: 'a.b.c' })
  },
  ...tokens.map(
    ([of, rejects, fields]): Rule => ({
      of: `a token ${of}`,
      operations: attest,
      rejects,
      async broken(scene) {
        const now = Math.floor(scene.fixture.clock.now() / 1000)
        return changed(scene, {
          token: await trustedToken(scene.fixture, scene.person, fields(now, scene))
        })
      }
    })
  ),
  {
    of: 'a token with another signature',
    operations: attest,
    rejects: invalid,
    broken: (scene) => changed(scene, { token: withOtherSignature(String(scene.request.token)) })
  },
  {
    of: 'a token that was used',
    operations: attest,
    alone: true,
    rejects: invalid,
    async broken(scene) {
      await scene.fixture.send('sessions.attest', scene.request)
      return changed(scene, {})
    }
  },
  {
    of: 'a token of another organization than the request names',
    operations: attest,
    rejects: '400 invalid_token_organization_id_claim',
    broken: (scene, { elsewhere: { organization_id } }) => changed(scene, { organization_id })
  },
  {
    of: 'a token without an organization, of a profile that creates members',
    operations: attest,
    rejects: '400 token_missing_organization_id_claim',
    async broken(scene) {
      const { organization_id } = scene
      const claims = { 'https://acme.example/org': undefined }
      return changed(scene, { organization_id, ...(await joiningToken(scene, claims)) })
    }
  },
  {
    of: 'a token without the id of its member, of a profile that maps it',
    operations: attest,
    rejects: wrongClaims,
    broken: async (scene) => changed(scene, await joiningToken(scene, { sub: undefined }))
  },
  {
    of: 'a token with an unknown role, of a profile that creates members',
    operations: attest,
    rejects: '400 invalid_role',
    broken: async (scene) =>
      changed(
        scene,
        await joiningToken(scene, {
          email: newAddress(),
          sub: crypto.randomUUID(),
          roles: ['none']
        })
      )
  },
  {
    of: 'a token with the address of a member whom the issuer knows by another id',
    operations: attest,
    rejects: '404 member_not_found',
    async broken(scene) {
      const { email_address: email } = await scene.fixture.newPerson({
        external_id: crypto.randomUUID()
      })
      return changed(scene, await joiningToken(scene, { email, sub: crypto.randomUUID() }))
    }
  },
  {
    of: 'a token with the id of a member who is pending, and another address',
    operations: attest,
    rejects: '404 member_not_found',
    async broken(scene) {
      const sub = crypto.randomUUID()
      const person = await scene.fixture.newPerson({ external_id: sub })
      await setMember({ ...scene, person }, { status: 'pending' })
      return changed(scene, await joiningToken(scene, { email: newAddress(), sub }))
    }
  },
  {
    of: 'a member who is pending',
    operations: byOtherSystem,
    alone: true,
    rejects: (operation) =>
      operation === 'sessions.attest'
        ? '404 member_not_found'
        : '404 migrate_from_external_email_does_not_exist',
    async broken(scene) {
      await setMember(scene, { status: 'pending' })
      return changed(scene, {})
    }
  },
  {
    of: 'a member who must bring a second factor',
    operations: byOtherSystem,
    alone: true,
    rejects: '401 insufficient_factors',
    async broken(scene) {
      await setMember(scene, { mfa_enrolled: 1 })
      return changed(scene, {})
    }
  },

  // Credentials of another provider
  {
    of: 'a credential that cannot stand in a header',
    operations: ['sessions.migrate'],
    rejects: '400 invalid_argument',
    broken: (scene) => changed(scene, { session_token: 'a b' })
  },
  {
    of: 'a credential that the provider does not know',
    operations: ['sessions.migrate'],
    rejects: '400 migrate_from_external_unexpected_response',
    broken: (scene) => changed(scene, { session_token: 'unknown' })
  },
  ...(
    [
      ['no address', { email: undefined, email_verified: true }],
      ['a malformed address', { email: 'x', email_verified: true }],
      ['an address that is not said to be verified', {}],
      ['an address that is not verified', { email_verified: false }],
      ['an address that is verified by text', { email_verified: 'true' }]
    ] as const
  ).map(
    ([of, claims]): Rule => ({
      of: `a credential with ${of}`,
      operations: ['sessions.migrate'],
      rejects: '400 migrate_from_external_missing_userinfo',
      broken: (scene) => {
        const userinfo = { email: scene.person.email_address, ...claims }
        return changed(scene, { session_token: scene.fixture.identity.credentialFor(userinfo) })
      }
    })
  ),
  {
    of: 'a credential about an address that no member has',
    operations: ['sessions.migrate'],
    rejects: '404 migrate_from_external_email_does_not_exist',
    broken: (scene) =>
      changed(scene, {
        session_token: scene.fixture.identity.credentialFor({
          email: newAddress(),
          email_verified: true
        })
      })
  },
  {
    of: 'a credential, in a project that knows no other provider',
    operations: ['sessions.migrate'],
    rejects: '400 migrate_from_external_missing_userinfo',
    broken: (scene, { otherProject: { organization_id, project_id, secret } }) => ({
      ...changed(scene, { organization_id }),
      headers: { authorization: basic(`${project_id}:${secret}`) }
    })
  },

  // Connected apps
  {
    of: 'an unknown app',
    operations: authorizing,
    rejects: '404 connected_app_not_found',
    broken: (scene) => changed(scene, { client_id: 'connected-app-test-none' })
  },
  {
    of: 'an unknown app',
    operations: taking('connected_app_id'),
    rejects: '404 connected_app_not_found',
    broken: (scene) => changed(scene, { connected_app_id: 'connected-app-test-none' })
  },
  ...['https://other.example/callback', `${apps.first.redirect_urls[0]}?more=1`].map(
    (redirect_uri): Rule => ({
      of: `the redirect_uri ${redirect_uri}`,
      operations: authorizing,
      rejects: '400 invalid_redirect_uri',
      broken: (scene) => changed(scene, { redirect_uri })
    })
  ),
  {
    of: 'a member without its organization',
    operations: authorizing,
    rejects: '400 invalid_argument',
    broken: ({ request, person: { member_id } }) => ({
      request: { ...request, session_token: undefined, organization_id: undefined, member_id }
    })
  },
  {
    of: 'an organization without a member',
    operations: authorizing,
    rejects: '400 invalid_argument',
    broken: ({ request, organization_id }) => ({
      request: { ...request, session_token: undefined, organization_id, member_id: undefined }
    })
  },
  ...(
    [
      [
        'that allows none of the own apps',
        { first_party_connected_apps_allowed_type: 'NOT_ALLOWED' },
        apps.first
      ],
      [
        'that allows other apps',
        {
          first_party_connected_apps_allowed_type: 'RESTRICTED',
          allowed_first_party_connected_apps: [apps.firstPublic.client_id]
        },
        apps.first
      ],
      [
        'that allows no app of others',
        { third_party_connected_apps_allowed_type: 'NOT_ALLOWED' },
        apps.third
      ],
      [
        'that allows other apps of others',
        {
          third_party_connected_apps_allowed_type: 'RESTRICTED',
          allowed_third_party_connected_apps: ['connected-app-test-other']
        },
        apps.third
      ]
    ] as const
  ).map(
    ([of, settings, { client_id, redirect_urls }]): Rule => ({
      of: `an organization ${of}`,
      operations: authorizing,
      alone: true,
      rejects: '403 connected_app_not_allowed_for_org',
      async broken(scene) {
        await update(scene, settings)
        return changed(scene, { client_id, redirect_uri: redirect_urls[0], scopes: ['openid'] })
      }
    })
  ),
  {
    of: 'full access for an app of others',
    operations: ['idp.oauth.authorize'],
    rejects: '400 third_party_clients_cannot_use_full_access',
    broken: (scene) =>
      changed(scene, {
        client_id: apps.third.client_id,
        redirect_uri: apps.third.redirect_urls[0],
        scopes: ['openid', 'full_access']
      })
  },
  {
    of: 'an app without a secret that brings no challenge',
    operations: ['idp.oauth.authorize'],
    rejects: '400 invalid_argument',
    broken: (scene) =>
      changed(scene, {
        client_id: apps.firstPublic.client_id,
        redirect_uri: apps.firstPublic.redirect_urls[0]
      })
  },

  // Access tokens
  {
    of: 'a token that is none',
    operations: exchange,
    rejects: '404 idp_access_token_not_found',
    broken: (scene) => changed(scene, { access_token: 'a.b.c' })
  },
  {
    of: 'a session JWT',
    operations: exchange,
    rejects: '404 idp_access_token_not_found',
    async broken(scene) {
      const { session_jwt } = await scene.fixture.signIn(scene.person)
      return changed(scene, { access_token: session_jwt })
    }
  },
  {
    of: 'an access token with another signature',
    operations: exchange,
    rejects: '404 idp_access_token_not_found',
    broken: ({ request }) => ({
      request: { access_token: withOtherSignature(String(request.access_token)) }
    })
  },
  {
    of: 'an access token of another key',
    operations: exchange,
    rejects: '404 idp_access_token_not_found',
    async broken({ fixture: { project_id, clock } }) {
      const { sign } = await newForger()
      const iat = Math.floor(clock.now() / 1000)
      const access_token = await sign({
        iss: `stytch.com/${project_id}`,
        sub: 'member-test-1',
        aud: [project_id],
        client_id: apps.first.client_id,
        scope: 'full_access',
        jti: 'x',
        iat,
        nbf: iat,
        exp: iat + 3600,
        [organizationClaim]: { organization_id: 'organization-test-1', slug: 'x' }
      })
      return { request: { access_token } }
    }
  },
  {
    of: 'an access token without full access',
    operations: exchange,
    rejects: '400 oauth_access_token_exchange_missing_full_access',
    broken: (scene) => withToken(scene, { scopes: ['openid'] })
  },
  {
    of: 'an access token that no session authorized',
    operations: exchange,
    rejects: '404 idp_access_token_could_not_be_exchanged',
    broken: async ({ fixture, person }) => ({
      request: { access_token: await accessTokenOf(fixture, idsOf(person)) }
    })
  },
  {
    of: 'an access token whose session has ended',
    operations: exchange,
    rejects: '404 idp_access_token_could_not_be_exchanged',
    async broken({ fixture, person }) {
      const { session_token } = await fixture.signIn(person)
      const access_token = await accessTokenOf(fixture, { session_token })
      await fixture.client.sessions.revoke({ session_token })
      return { request: { access_token } }
    }
  },
  {
    of: 'an access token that was exchanged',
    operations: exchange,
    alone: true,
    rejects: '404 idp_access_token_could_not_be_exchanged',
    async broken(scene) {
      await scene.fixture.send('sessions.exchangeAccessToken', scene.request)
      return changed(scene, {})
    }
  },
  {
    of: 'an access token that was revoked',
    operations: exchange,
    alone: true,
    rejects: '401 connected_app_consent_revoked',
    async broken(scene) {
      const { client_id, client_secret } = apps.first
      const form = { token: String(scene.request.access_token), client_id, client_secret }
      await postForm(scene.fixture, `/v1/public/${scene.fixture.project_id}/oauth2/revoke`, form)
      return changed(scene, {})
    }
  },
  {
    of: 'an access token of an app that the organization allows no more',
    operations: exchange,
    alone: true,
    rejects: '403 connected_app_not_allowed_for_org',
    async broken(scene) {
      await update(scene, { first_party_connected_apps_allowed_type: 'NOT_ALLOWED' })
      return changed(scene, {})
    }
  },
  {
    of: 'an access token of an authorization that is there no more',
    operations: exchange,
    alone: true,
    rejects: '404 idp_access_token_not_found',
    async broken(scene) {
      await runSql(scene.fixture.database, 'delete from grants where member_id = $1', [
        scene.person.member_id
      ])
      return changed(scene, {})
    }
  },
  {
    of: 'an access token of an app that the project has no more',
    operations: exchange,
    rejects: '404 connected_app_not_found',
    broken: (scene) => ({
      ...changed(scene, {}),
      while: (call) => withApp(scene, 'client_id', 'connected-app-test-other', call)
    })
  },
  {
    of: 'an access token of an app that is of others by now',
    operations: exchange,
    rejects: '400 third_party_clients_cannot_use_full_access',
    broken: (scene) => ({
      ...changed(scene, {}),
      while: (call) => withApp(scene, 'client_type', 'third_party', call)
    })
  },
  {
    of: 'an access token that is older than five minutes',
    operations: exchange,
    afterSeconds: 301,
    rejects: '400 oauth_access_token_exchange_token_too_old',
    broken: (scene) => changed(scene, {})
  },
  {
    of: 'an access token that has ended',
    operations: exchange,
    afterSeconds: 3600,
    rejects: '401 idp_access_token_expired',
    broken: (scene) => changed(scene, {})
  },

  // Passwords of another system
  {
    of: 'a member who has a password',
    operations: ['passwords.migrate'],
    rejects: '400 password_already_exists',
    broken: (scene) => changed(scene, { email_address: scene.person.email_address })
  },
  ...hashes.map(
    ([fields, rejects]): Rule => ({
      of: `the hash ${JSON.stringify(fields)}`,
      operations: taking('hash'),
      rejects,
      broken: (scene) => changed(scene, fields)
    })
  )
]

async function update({ organization_id, fixture }: Scene, settings: object): Promise<void> {
  await fixture.client.organizations.update({ organization_id, ...settings })
}

/** A token of the profile that creates members, and knows them by an id of its own. */
async function joiningToken(
  { fixture, person }: Scene,
  claims: Record<string, unknown>
): Promise<Record<string, unknown>> {
  const token = await trustedToken(fixture, person, { profile: 'joining', claims })
  return { profile_id: profiles.joining, token }
}

async function withToken(
  { fixture, person }: Scene,
  asked: Record<string, unknown>
): Promise<Sent> {
  const { session_token } = await fixture.signIn(person)
  return { request: { access_token: await accessTokenOf(fixture, { session_token }, asked) } }
}

/** Calls while the first app of the project is another one in this way. */
async function withApp(
  { fixture: { database, project_id } }: Scene,
  member: 'client_id' | 'client_type',
  value: string,
  call: () => Promise<unknown>
): Promise<void> {
  const [row] = await runSql(database, 'select settings from projects where project_id = $1', [
    project_id
  ])
  const before = String(row?.settings)
  const settings = JSON.parse(before)
  const set = (text: string) =>
    runSql(database, 'update projects set settings = $1 where project_id = $2', [text, project_id])
  settings.connected_apps[0][member] = value
  await set(JSON.stringify(settings))
  try {
    await call()
  } finally {
    await set(before)
  }
}
