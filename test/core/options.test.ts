import { afterEach, describe, expect, test } from '@jest/globals'
import express from 'express'
import { isMembergateError } from 'membergate/errors'
import * as expressAdapter from 'membergate/express'
import * as koaAdapter from 'membergate/koa'
import request from 'supertest'

const project = { project_id: 'project-test-1', secret: 'secret-test-1' }
const create = (options: object) => () =>
  expressAdapter.createMemberAuth({ ...project, ...options })

describe('an option that is wrong stops the boot and is named:', () => {
  test.each<[object, RegExp]>([
    [{ project_id: '' }, /project_id is missing.*STYTCH_PROJECT_ID/],
    [{ secret: 'a b' }, /secret holds characters/],
    [{ max_token_age_second: 5 }, /max_token_age_second\b.*max_token_age_seconds/],
    [{ failOpen: true }, /no option "failOpen"/],
    [{ max_token_age_seconds: Number.NaN }, /max_token_age_seconds/],
    [{ max_token_age_seconds: Number.POSITIVE_INFINITY }, /max_token_age_seconds/],
    [{ max_token_age_seconds: '60' }, /max_token_age_seconds/],
    [{ max_token_age_seconds: -1 }, /max_token_age_seconds/],
    [{ clock_tolerance_seconds: 61 }, /clock_tolerance_seconds/],
    [{ session_duration_minutes: 4 }, /session_duration_minutes/],
    [{ session_duration_minutes: 5.5 }, /session_duration_minutes/],
    [{ timeoutMs: 0 }, /timeoutMs/],
    [{ url: 'http://authority.example' }, /dangerouslyAllowHttp/],
    [{ url: 'https://user:pass@authority.example' }, /credentials/],
    [{ url: 'https://authority.example/path' }, /origin/],
    [{ url: 'not a url' }, /absolute https URL/],
    [{ origin: 'https://app.example/' }, /exact origin/],
    [{ origin: 'app.example' }, /exact origin/],
    [{ origin: 'ftp://app.example' }, /exact origin/],
    [{ trustedOrigins: ['null'] }, /trustedOrigins/],
    [{ trustedOrigins: ['https://*.example'] }, /trustedOrigins/],
    [{ csrf: 'off' }, /csrf must be standard or strict/],
    [{ loginPath: '//evil.example' }, /loginPath/],
    [{ loginPath: '/sign-in#top' }, /loginPath/],
    [{ loginPath: '/app/../sign-in' }, /loginPath/],
    [{ mfaPath: 'mfa' }, /mfaPath/],
    [{ sealingKeys: ['short'] }, /sealingKeys/],
    [{ sealingKeys: [] }, /sealingKeys/],
    [{ sealingKeys: 'a'.repeat(40) }, /sealingKeys/],
    [{ sources: [] }, /sources/],
    [{ sources: ['query'] }, /sources/],
    [{ sources: [{ header: 'cookie' }] }, /sources/],
    [{ cookies: { name: 'x' } }, /cookies has no option "name"/],
    [{ cookies: { session_jwt: 'a;b' } }, /cookie name/],
    [{ cookies: { session_jwt: 'x', session_token: 'x' } }, /name of its own/],
    [{ cookies: { hostPrefix: true }, origin: 'http://localhost:3000' }, /hostPrefix/],
    [{ jwks: { keys: [] } }, /jwks/],
    [{ jwks: null }, /jwks/],
    [{ policy: {} }, /policy/],
    [{ trustedOrigins: 'https://a.example' }, /trustedOrigins/],
    [{ cookies: { hostPrefix: 'true' } }, /hostPrefix/],
    [{ clock_tolerance_seconds: null }, /clock_tolerance_seconds/],
    [{ mfaPath: '/' }, /mfaPath/],
    [{ mfaPath: '/mfa?x=1' }, /mfaPath/],
    [{ client: {} }, /client must have/],
    [{ now: 5 }, /now must be a function/],
    [{ onRefusal: 'ignore' }, /onRefusal/]
  ])('%j', (options, message) => {
    expect(create(options)).toThrow(message)
    try {
      create(options)()
    } catch (error) {
      expect(isMembergateError(error) && error.code).toBe('config_invalid')
    }
  })

  test('in a guard', () => {
    const { requireMemberSession, requirePermission, signOut } = create({})()
    expect(() => requireMemberSession({ optinal: true } as never)).toThrow(/optinal.*optional/)
    expect(() => requireMemberSession({ max_token_age_seconds: Number.NaN })).toThrow(/max_token/)
    expect(() => requirePermission('stytch.member', undefined as never)).toThrow(/'update'/)
    expect(() => requirePermission('a', 'b', { optional: true } as never)).toThrow(
      /no option "optional"/
    )
    const both = { organization_id: () => 'a', organization_slug: () => 'b' }
    expect(() => requireMemberSession(both)).toThrow(/not both/)
    expect(() => requireMemberSession({ organization_id: 'acme' as never })).toThrow(/function/)
    expect(() => signOut({ return_to: 'https://evil.example' })).toThrow(/return_to must/)
  })

  test('in what else is mounted', () => {
    const {
      mfaRoutes,
      requireMemberSession,
      requirePermission,
      requireRecentFactor,
      chooseOrganization,
      switchOrganization,
      signOut
    } = create({})()
    expect(() => mfaRoutes({ page: false } as never)).toThrow(/no option "page"/)
    expect(() => mfaRoutes({ pages: 'false' } as never)).toThrow(/pages must be/)
    expect(() => signOut({ return_too: '/' } as never)).toThrow(/no option "return_too"/)
    for (const given of [null, 10]) {
      expect(() => requireRecentFactor(given as never)).toThrow(/takes an object/)
      expect(() => requireMemberSession(given as never)).toThrow(/takes an object/)
      expect(() => switchOrganization(given as never)).toThrow(/takes an object/)
    }
    const recent = { withinMinutes: 10 }
    expect(() => requireRecentFactor({ ...recent, method: 'totp' } as never)).toThrow(/"method"/)
    for (const methods of [[], 'totp', new Set(['totp'])]) {
      expect(() => requireRecentFactor({ ...recent, methods } as never)).toThrow(/methods must/)
    }
    const max_token_age_seconds = -1
    expect(() => requireRecentFactor({ ...recent, max_token_age_seconds })).toThrow(/max_token_age/)
    for (const choose of [chooseOrganization, switchOrganization]) {
      expect(() => choose({ organization: 'acme' } as never)).toThrow(/no option "organization"/)
    }
    expect(() => requirePermission('', 'read')).toThrow(/resource and an action/)
    expect(() => requireMemberSession({ optional: 'yes' } as never)).toThrow(/optional/)
  })

  test('http to another machine is allowed when its danger is named', () => {
    expect(create({ url: 'http://authority.example', dangerouslyAllowHttp: true })).not.toThrow()
    expect(create({ url: 'http://127.0.0.1:4100' })).not.toThrow()
  })
})

test('no error of the options holds the secret', () => {
  const secret = 'secret-canary-1234 5678'
  expect.assertions(1)
  try {
    expressAdapter.createMemberAuth({ ...project, secret })
  } catch (error) {
    expect(JSON.stringify(error, Object.getOwnPropertyNames(error))).not.toContain('canary')
  }
})

test('a factory that is passed uncalled is recognised, and the error says what to write', async () => {
  const { requireMemberSession, handleMfaRedirect } = create({})()
  for (const factory of [requireMemberSession, handleMfaRedirect]) {
    const app = express()
    app.use(factory as never)
    app.use(((error: Error, _req: unknown, res: express.Response, _next: unknown) => {
      res.status(500).send(error.message)
    }) as express.ErrorRequestHandler)
    const answer = await request(app).get('/')
    expect(answer.text).toMatch(/with parentheses/)
  }
})

describe('the free functions', () => {
  const variables = ['STYTCH_PROJECT_ID', 'STYTCH_SECRET', 'STYTCH_URL']
  afterEach(() => {
    for (const name of variables) delete process.env[name]
  })

  test('stop the boot when a variable is missing', () => {
    expect(() => expressAdapter.requireMemberSession()).toThrow(/STYTCH_PROJECT_ID/)
    expect(() => koaAdapter.requirePermission('a', 'b')).toThrow(/STYTCH_PROJECT_ID/)
  })

  test('recognise a factory that is passed uncalled', async () => {
    process.env.STYTCH_PROJECT_ID = 'project-test-3'
    process.env.STYTCH_SECRET = 'secret-test-3'
    const app = express()
    app.use(expressAdapter.handleMfaRedirect as never)
    app.use(((error: Error, _req: unknown, res: express.Response, _next: unknown) => {
      res.status(500).send(error.message)
    }) as express.ErrorRequestHandler)
    expect((await request(app).get('/')).text).toMatch(/with parentheses/)
  })

  test('use the instance of the environment', async () => {
    process.env.STYTCH_PROJECT_ID = 'project-test-2'
    process.env.STYTCH_SECRET = 'secret-test-2'
    process.env.STYTCH_URL = 'http://127.0.0.1:1'
    const app = express()
    app.use(expressAdapter.requireMemberSession())
    const answer = await request(app).get('/')
    expect(answer.body.code).toBe('session_required')
    const opaque = await request(app)
      .get('/')
      .set('Authorization', `Bearer ${'x'.repeat(44)}`)
    expect(opaque.status).toBe(503)
  })

  test('say which guard is missing', () => {
    const req = { method: 'GET', url: '/', headers: {}, rawHeaders: [] }
    expect(() => expressAdapter.memberOf(req)).toThrow(/requireMemberSession/)
    expect(() => expressAdapter.verdictOf(req)).toThrow(/requirePermission/)
  })
})
