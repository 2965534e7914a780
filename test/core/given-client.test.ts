import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import express from 'express'
import { createMemberAuth, type MemberAuthOptions } from 'membergate'
import * as expressAdapter from 'membergate/express'
import stytch from 'stytch'
import request from 'supertest'
import { openTestServer, type TestServer } from '../support/test-server.ts'

let testServer: TestServer
let sdk: stytch.B2BClient

beforeAll(async () => {
  testServer = await openTestServer()
  const { url, project_id, secret } = testServer.authority
  sdk = new stytch.B2BClient({ project_id, secret, env: url })
})
afterAll(() => testServer.close())

function decide(token: string, client: MemberAuthOptions['client'], timeoutMs?: number) {
  const { url, project_id, secret } = testServer.authority
  const { authenticate } = createMemberAuth({ url, project_id, secret, client, timeoutMs })
  const authorization = `Bearer ${token}`
  return authenticate({
    method: 'GET',
    url: '/',
    headers: { authorization },
    rawHeaders: ['Authorization', authorization]
  })
}

test('guards work with the official SDK as their client', async () => {
  const { session_token, member_session } = await testServer.signIn('member@acme.test')
  const decision = await decide(session_token, sdk)
  const { member_session_id } = member_session
  expect(decision).toMatchObject({ accepted: true, member_session: { member_session_id } })
  await testServer.client.sessions.revoke({ session_token })
  expect(await decide(session_token, sdk)).toMatchObject({ accepted: false, status: 401 })
})

test('signing out goes through it too', async () => {
  const { session_token, member_session } = await testServer.signIn('member@acme.test')
  const { url, project_id, secret } = testServer.authority
  const revoked: unknown[] = []
  const client = {
    rbac: sdk.rbac,
    sessions: {
      authenticate: (data: object) => sdk.sessions.authenticate(data),
      revoke: async (data: object) => revoked.push(data)
    }
  }
  const app = express().post(
    '/',
    expressAdapter.createMemberAuth({ url, project_id, secret, client }).signOut()
  )
  await request(app).post('/').set('Authorization', `Bearer ${session_token}`).expect(204)
  expect(revoked).toEqual([{ member_session_id: member_session.member_session_id }])
})

test('the deadline holds around a client that does not keep one', async () => {
  const hanging = {
    ...sdk,
    sessions: {
      ...sdk.sessions,
      authenticate: () => new Promise(() => {}),
      revoke: async () => ({})
    },
    rbac: sdk.rbac
  }
  expect(await decide('x'.repeat(44), hanging, 50)).toMatchObject({ accepted: false, status: 503 })
})

test('an answer of another shape is 503, whichever client it is of', async () => {
  const { session_token } = await testServer.signIn('member@acme.test')
  const odd = {
    rbac: sdk.rbac,
    sessions: { authenticate: async () => ({ member_session: {} }), revoke: async () => ({}) }
  }
  expect(await decide(session_token, odd)).toMatchObject({ accepted: false, status: 503 })
})

describe('an answer is used only when it is about the session that was presented:', () => {
  type Answer = Awaited<ReturnType<typeof testServer.client.sessions.authenticate>>

  /** A client whose answers are changed on their way. */
  function changing(change: (answer: Answer) => object) {
    const sessions = {
      authenticate: async (data: object) => {
        const answer = await testServer.client.sessions.authenticate(data)
        return { ...answer, ...change(answer) }
      },
      revoke: async () => ({})
    }
    return { rbac: sdk.rbac, sessions }
  }

  const mismatch = { accepted: false, status: 503, error: { code: 'authority_answer_mismatch' } }

  test.each<[string, (answer: Answer) => object]>([
    ['the member is another', ({ member }) => ({ member: { ...member, member_id: 'another' } })],
    [
      'the member is of another organization',
      ({ member }) => ({ member: { ...member, organization_id: 'another' } })
    ],
    [
      'the organization is another',
      ({ organization }) => ({ organization: { ...organization, organization_id: 'another' } })
    ],
    ['the opaque token is another', () => ({ session_token: 'x'.repeat(44) })],
    ['the JWT is none', () => ({ session_jwt: 'malformed' })]
  ])('%s', async (_, change) => {
    const { session_token } = await testServer.signIn('member@acme.test')
    expect(
      await decide(
        session_token,
        changing(() => ({}))
      )
    ).toMatchObject({ accepted: true })
    expect(await decide(session_token, changing(change))).toMatchObject(mismatch)
  })

  test('the JWT is of another session of the member', async () => {
    const { session_token } = await testServer.signIn('member@acme.test')
    const { session_jwt } = await testServer.signIn('member@acme.test')
    expect(
      await decide(
        session_token,
        changing(() => ({ session_jwt }))
      )
    ).toMatchObject(mismatch)
  })

  test('a session that this process ended meanwhile is over, whatever the answer says', async () => {
    const { session_token, member_session } = await testServer.signIn('member@acme.test')
    const { member_session_id } = member_session
    const { url, project_id, secret } = testServer.authority
    const ending = changing(() => {
      auth.invalidate({ member_session_id })
      return {}
    })
    const auth = createMemberAuth({ url, project_id, secret, client: ending })
    const headers = { authorization: `Bearer ${session_token}` }
    const decision = await auth.authenticate({ method: 'GET', url: '/', headers })
    expect(decision).toMatchObject({ accepted: false, status: 401 })
  })

  test('a JWT is answered with another session, whole in itself', async () => {
    const { session_jwt } = await testServer.signIn('member@acme.test')
    const { session_token } = await testServer.signIn('member@acme.test')
    const other = await testServer.client.sessions.authenticate({ session_token })
    const { url, project_id, secret } = testServer.authority
    const guardWith = (change: (answer: Answer) => object) =>
      createMemberAuth({
        ...{ url, project_id, secret, client: changing(change), now: testServer.clock.now }
      }).requireMemberSession({ max_token_age_seconds: 0 })
    const request = { method: 'GET', url: '/', headers: { authorization: `Bearer ${session_jwt}` } }
    expect(await guardWith(() => ({}))({ ...request })).toMatchObject({ accepted: true })
    expect(await guardWith(() => other)({ ...request })).toMatchObject(mismatch)
  })
})
