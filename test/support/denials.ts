import { type KeyObject, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Readable } from 'node:stream'
import {
  addHeaders,
  createMemberAuth,
  type MemberAuthOptions,
  type MemberSession,
  type Outgoing
} from 'membergate'
import { createClient } from 'membergate/client'
import type { AccessError, RefusalReason, UnavailableError } from 'membergate/errors'
import { openAuthority } from 'membergate/testing'
import { createCountingFetch } from './counting-fetch.ts'
import { goodHeader, jwk, mintJwt, stranger } from './minted-jwt.ts'
import { timeoutMs } from './patience.ts'

type Auth = ReturnType<typeof createMemberAuth>
type Pairs = readonly (readonly [name: string, value: string])[]

/** Names and values of the cookies that a browser is given. */
function cookiesIn(decided: Outgoing): string[] {
  const response = new Response()
  addHeaders(response, decided)
  return response.headers.getSetCookie().map((cookie) => cookie.split(';', 1)[0] ?? '')
}

/** How a denial came about, and everything that must not be told of it. */
export interface Denials {
  /** Denies one request for this reason. */
  deny(reason: RefusalReason): Promise<AccessError | UnavailableError>
  /** What `createMemberAuth` takes. */
  readonly project: Pick<MemberAuthOptions, 'url' | 'project_id' | 'secret' | 'timeoutMs'>
  /** Of Ada, and good. */
  readonly session_jwt: string
  /** Whose session minted JWTs are. */
  readonly member_session: MemberSession
  /** Tokens, cookies, passwords, personal texts, and what stood in queries, bodies and headers. */
  readonly secrets: ReadonlySet<string>
  close(): Promise<void>
}

const password = 'correct horse battery staple'
const totp_secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

/** Personal texts that an authority or a client may put into its errors. */
const personal = ['ada@acme.test', 'tom@acme.test', '+12025550143']

/** One way to each reason, against a real authority. What is sent is full of marks that must not be seen again. */
export async function openDenials(): Promise<Denials> {
  const { close, ...opened } = await openAuthority({
    projects: [
      {
        policy: {
          roles: [],
          resources: [{ resource_id: 'documents', description: '', actions: ['read', 'write'] }]
        },
        organizations: [
          {
            organization_name: 'Acme',
            organization_slug: 'acme',
            members: [
              { email_address: 'ada@acme.test', password, mfa_phone_number: '+12025550143' },
              { email_address: 'tom@acme.test', password, mfa_enrolled: true, totp_secret }
            ]
          },
          {
            organization_name: 'Globex',
            organization_slug: 'globex',
            members: [{ email_address: 'ada@acme.test', password }]
          }
        ]
      }
    ]
  })
  const project = { ...opened, timeoutMs }
  const client = createClient(project)
  const closedPort = await findClosedPort()
  const secrets = new Set<string>([project.secret, password, totp_secret, ...personal])
  const keep = <T extends string>(secret: T): T => {
    if (secret !== '') secrets.add(secret)
    return secret
  }
  const mark = () => keep(`${randomBytes(24).toString('base64url')}7`)

  async function signIn(email_address: string, organization_id = 'acme') {
    const result = await client.passwords.authenticate({ organization_id, email_address, password })
    for (const name of ['session_token', 'session_jwt', 'intermediate_session_token'] as const) {
      keep(result[name])
    }
    return result
  }

  const ada = await signIn('ada@acme.test')
  const adaAtGlobex = await signIn('ada@acme.test', 'globex')
  const { member_session } = ada
  if (!member_session) throw new Error('Ada is not signed in.')
  const { keys } = await client.sessions.getJWKS({ project_id: project.project_id })

  function createAuth(options: MemberAuthOptions = {}): Auth {
    return createMemberAuth({
      ...project,
      origin: 'https://app.example',
      jwks: { keys: [...keys, jwk as never] },
      ...options
    })
  }

  const nowSeconds = () => Math.floor(Date.now() / 1000)

  function claims(change: object = {}) {
    const iat = nowSeconds()
    const { organization_id, organization_slug, member_id, member_session_id } =
      member_session as MemberSession
    return {
      iss: `stytch.com/${project.project_id}`,
      aud: [project.project_id],
      sub: member_id,
      iat,
      nbf: iat,
      exp: iat + 300,
      seen: mark(),
      'https://stytch.com/session': {
        id: member_session_id,
        started_at: '2025-01-01T12:00:00Z',
        last_accessed_at: '2025-01-01T12:00:00Z',
        expires_at: '2099-01-01T12:00:00Z',
        authentication_factors: [
          {
            type: 'password',
            delivery_method: 'knowledge',
            last_authenticated_at: '2025-01-01T12:00:00Z'
          }
        ],
        roles: ['stytch_member']
      },
      'https://stytch.com/organization': { organization_id, slug: organization_slug },
      ...change
    }
  }

  const mint = (change?: object, header?: object, key?: KeyObject) =>
    keep(mintJwt(claims(change), header, key))

  /** A request with marks in its path, its query, a header and a cookie. */
  function requestOf(method: string, path: string, headers: Pairs = [], body?: unknown) {
    const marked: Pairs = [
      ...headers.filter(([name]) => name !== 'cookie'),
      ['x-note', mark()],
      [
        'cookie',
        [
          ...headers.flatMap(([name, value]) => (name === 'cookie' ? [value] : [])),
          `note=${mark()}`
        ].join('; ')
      ]
    ]
    return {
      method,
      url: `${path}?token=${mark()}&email=ada@acme.test`,
      headers: Object.fromEntries([...marked].reverse()),
      rawHeaders: marked.flat(),
      body
    }
  }

  const get = (...headers: Pairs) => requestOf('GET', `/documents/${mark()}`, headers)
  const bearer = (token: string) => get(['authorization', `Bearer ${token}`])
  const post = (path: string, body: unknown, ...headers: Pairs) =>
    requestOf('POST', path, headers, body)
  const cookie = (text: string) => ['cookie', text] as const
  const jwtCookie = () => cookie(`stytch_session_jwt=${mint()}`)
  const adaCookie = () => cookie(`stytch_session=${ada.session_token}`)
  const opaque = () => mark()

  const answer = (status_code: number, error_type: string) => () =>
    Response.json(
      {
        status_code,
        error_type,
        error_message: `${mark()} of ada@acme.test`,
        request_id: 'request-id-test-1',
        error_url: `https://docs.example/?${mark()}`
      },
      { status: status_code }
    )
  const answering =
    (respond: () => Response): typeof fetch =>
    async () =>
      respond()
  const cut = () => {
    const upstream = createCountingFetch()
    upstream.cut(true)
    return upstream.fetch
  }
  const never: typeof fetch = () => new Promise(() => {})

  async function ofGuard(auth: Auth, request: object, options: object = {}) {
    return errorOf(await auth.requireMemberSession(options)(request as never))
  }

  async function ofPermission(resource_id: string, action: string, auth = createAuth()) {
    return errorOf(await auth.requirePermission(resource_id, action)(bearer(mint())))
  }

  async function ofSwitch(body: unknown, options: object = {}, instance: MemberAuthOptions = {}) {
    const headers = [adaCookie(), ['content-type', contentTypeOf(body)] as const] as const
    const request = post('/switch', body, ...headers)
    return errorOf(await createAuth(instance).switchOrganization(options)(request as never))
  }

  async function ofLocalCheck(session_jwt: string, params: object = {}) {
    try {
      await createAuth().client.sessions.authenticateJwtLocal({ session_jwt, ...params })
    } catch (error) {
      return error as AccessError
    }
    throw new Error('The JWT was accepted.')
  }

  /** A guard behind `handleMfaRedirect`, with the cookies of a pending sign-in. */
  async function ofPending(complete: (auth: Auth) => Promise<Outgoing>) {
    const auth = createAuth()
    const cookies = cookiesIn(await complete(auth))
    for (const pair of cookies) keep(pair.slice(pair.indexOf('=') + 1))
    const request = get(cookie(cookies.filter((pair) => !pair.endsWith('=')).join('; ')))
    auth.handleMfaRedirect()(request)
    return errorOf(await auth.requireMemberSession()(request))
  }

  const ways: Record<RefusalReason, () => Promise<AccessError | UnavailableError>> = {
    no_credential: () => ofGuard(createAuth(), get()),
    duplicate_header: () =>
      ofGuard(
        createAuth(),
        get(['authorization', `Bearer ${opaque()}`], ['authorization', `Bearer ${opaque()}`])
      ),
    duplicate_cookie: () =>
      ofGuard(createAuth(), get(cookie(`stytch_session=${opaque()}; stytch_session=${opaque()}`))),
    malformed_credential: () => ofGuard(createAuth(), bearer(`${mark()}!`)),
    no_pending_sign_in: async () =>
      errorOf(
        await createAuth().chooseOrganization()(
          post('/organizations', { organization_id: mark() }) as never
        )
      ),
    sign_in_over: async () =>
      errorOf(
        await createAuth().mfaRoutes()(
          post(
            '/mfa/totp',
            { code: '123456' },
            cookie(`stytch_intermediate_session=${mark()}`)
          ) as never
        )
      ),

    cross_site: () =>
      ofGuard(createAuth(), post('/save', {}, jwtCookie(), ['sec-fetch-site', 'cross-site'])),
    foreign_origin: () =>
      ofGuard(
        createAuth(),
        post('/save', {}, jwtCookie(), ['origin', `https://${mark()}.example`])
      ),
    origin_not_configured: () =>
      ofGuard(
        createAuth({ origin: undefined as never }),
        post('/save', {}, jwtCookie(), ['origin', 'https://app.example'])
      ),
    origin_not_sent: () => ofGuard(createAuth({ csrf: 'strict' }), post('/save', {}, jwtCookie())),

    malformed_jwt: () => ofGuard(createAuth(), bearer(`${mark()}.${mark()}.${mark()}`)),
    unknown_key: () => ofGuard(createAuth(), bearer(mint({}, { ...goodHeader, kid: 'k2' }))),
    wrong_signature: () => ofGuard(createAuth(), bearer(mint({}, goodHeader, stranger.privateKey))),
    wrong_issuer: () => ofGuard(createAuth(), bearer(mint({ iss: mark() }))),
    wrong_audience: () => ofGuard(createAuth(), bearer(mint({ aud: [mark()] }))),
    wrong_claims: () => ofGuard(createAuth(), bearer(mint({ sub: '' }))),
    jwt_expired: () =>
      ofLocalCheck(mint({ iat: nowSeconds() - 600, nbf: 0, exp: nowSeconds() - 300 })),
    jwt_not_yet_valid: () => ofLocalCheck(mint({ nbf: nowSeconds() + 100 })),
    jwt_too_old: () => ofLocalCheck(mint(), { max_token_age_seconds: 0 }),

    async session_revoked_here() {
      const auth = createAuth()
      auth.invalidate({ member_session_id: member_session.member_session_id })
      return ofGuard(auth, bearer(mint()))
    },
    session_over_at_authority: () => ofGuard(createAuth(), bearer(opaque())),
    async invalidated_while_checking() {
      const { member_id } = member_session
      const auth: Auth = createAuth({
        async fetch(...given) {
          const response = await fetch(...given)
          auth.invalidate({ member_id })
          return response
        }
      })
      return ofGuard(auth, bearer(ada.session_token))
    },

    primary_factor_missing: () =>
      ofPending(async (auth) =>
        auth.completeSignIn(get(), {
          ...(await signIn('tom@acme.test')),
          primary_required: { allowed_auth_methods: ['sso'] }
        })
      ),
    second_factor_missing: () =>
      ofPending(async (auth) => auth.completeSignIn(get(), await signIn('tom@acme.test'))),
    organization_not_chosen: () =>
      ofPending((auth) =>
        auth.completeDiscovery(get(), {
          intermediate_session_token: mark(),
          email_address: 'ada@acme.test'
        })
      ),
    factor_too_old: async () =>
      errorOf(await createAuth().requireRecentFactor({ withinMinutes: 5 })(bearer(mint()))),
    wrong_organization: () =>
      ofGuard(createAuth(), bearer(mint()), { organization_id: () => mark() }),
    no_role_grants: () => ofPermission('documents', 'write'),
    unknown_resource: () => ofPermission('document', 'write'),
    unknown_action: () => ofPermission('documents', 'wirte'),

    malformed_body: () => ofSwitch(mark()),
    body_too_large: () => ofSwitch(mark().repeat(200)),
    async body_ended_early() {
      const stream = new Readable({ read: () => stream.destroy() })
      const request = Object.assign(stream, post('/switch', undefined, adaCookie()))
      return errorOf(await createAuth().switchOrganization()(request as never))
    },
    duplicate_field: () => ofSwitch(`note=${mark()}&note=${mark()}`),
    malformed_field: async () =>
      errorOf(
        await createAuth().mfaRoutes()(post('/mfa/totp', { code: [mark()] }, adaCookie()) as never)
      ),
    no_organization_named: () => ofSwitch({ note: mark() }),
    wrong_organization_answered: () =>
      ofSwitch({ note: mark() }, { organization_id: () => 'globex' }),
    rejected_by_authority: () => ofSwitch({ organization_id: mark() }),
    async too_many_attempts() {
      const cookies = cookiesIn(
        await createAuth().completeSignIn(get(), await signIn('tom@acme.test'))
      )
      const routes = createAuth().mfaRoutes()
      const attempt = async () =>
        errorOf(
          await routes(
            post('/mfa/totp', { code: [mark()] }, cookie(cookies.map(keepPair).join('; '))) as never
          )
        )
      for (let count = 0; count < 10; count += 1) await attempt()
      return attempt()
    },
    too_many_attempts_at_authority: () =>
      ofSwitch(
        { organization_id: mark() },
        {},
        { fetch: onExchange(answer(429, 'too_many_requests')) }
      ),

    authority_unreachable: () =>
      ofGuard(createAuth({ url: `http://127.0.0.1:${closedPort}` }), bearer(opaque())),
    authority_timeout: () => ofGuard(createAuth({ fetch: never, timeoutMs: 5 }), bearer(opaque())),
    authority_error_status: () =>
      ofGuard(
        createAuth({ fetch: answering(answer(500, 'internal_server_error')) }),
        bearer(opaque())
      ),
    authority_call_failed: () =>
      ofGuard(createAuth({ client: foreignClient(mark) }), bearer(opaque())),
    unreadable_answer: () =>
      ofGuard(
        createAuth({ fetch: answering(() => Response.json({ note: mark() })) }),
        bearer(opaque())
      ),
    async answer_mismatch() {
      const { session_token } = adaAtGlobex
      const other = await client.sessions.authenticate({ session_token })
      keep(other.session_jwt)
      return ofGuard(createAuth({ fetch: answering(() => Response.json(other)) }), bearer(opaque()))
    },
    async held_back_by_breaker() {
      const auth = createAuth({ fetch: cut() })
      for (let count = 0; count < 20; count += 1) await ofGuard(auth, bearer(opaque()))
      return ofGuard(auth, bearer(opaque()))
    },
    async budget_exhausted() {
      const auth = createAuth({
        fetch: answering(answer(404, 'session_not_found')),
        now: () => 1_750_000_000_000
      })
      for (let count = 0; count < 100; count += 1) await ofGuard(auth, bearer(opaque()))
      return ofGuard(auth, bearer(opaque()))
    },
    async too_many_remote_checks() {
      let release = () => {}
      const held = new Promise<void>((resolve) => {
        release = resolve
      })
      const respond = answer(404, 'session_not_found')
      const guard = createAuth({ fetch: () => held.then(respond) }).requireMemberSession()
      const before = Array.from({ length: 500 }, () => guard(bearer(opaque())))
      const last = await guard(bearer(opaque()))
      release()
      await Promise.all(before)
      return errorOf(last)
    },
    keys_unavailable: () =>
      ofGuard(createAuth({ jwks: undefined as never, fetch: cut() }), bearer(mint())),
    policy_unavailable: () => ofPermission('documents', 'write', createAuth({ fetch: cut() }))
  }

  function keepPair(pair: string): string {
    keep(pair.slice(pair.indexOf('=') + 1))
    return pair
  }

  function onExchange(respond: () => Response): typeof fetch {
    return async (input, init) =>
      String(input).endsWith('/sessions/exchange') ? respond() : fetch(input, init)
  }

  return {
    project,
    session_jwt: ada.session_jwt,
    member_session,
    secrets,
    deny: (reason) => ways[reason](),
    close
  }
}

/** A port that another process would have to take within the test. */
async function findClosedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

function contentTypeOf(body: unknown): string {
  if (typeof body !== 'string') return 'application/json'
  return body.includes('=') ? 'application/x-www-form-urlencoded' : 'text/plain'
}

/** A client of another library, whose errors tell everything that went into a call. */
function foreignClient(mark: () => string) {
  const fail = () =>
    Promise.reject(
      Object.assign(new Error(`failed for ada@acme.test with ${mark()}`), {
        name: `Error${mark()}`,
        code: mark(),
        config: { headers: { Authorization: `Basic ${mark()}` } },
        cause: Object.assign(new Error(`Bearer ${mark()}`), { code: 'ENOTFOUND' })
      })
    )
  return {
    sessions: { authenticate: fail, revoke: fail },
    rbac: { policy: fail, organizations: { getOrgPolicy: fail } }
  }
}

function errorOf(result: object | undefined): AccessError | UnavailableError {
  const error: unknown = result && Reflect.get(result, 'error')
  if (error === undefined) throw new Error(`The request was not denied: ${JSON.stringify(result)}`)
  return error as AccessError | UnavailableError
}
