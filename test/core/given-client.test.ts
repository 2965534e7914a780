import { afterAll, beforeAll, expect, test } from '@jest/globals'
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
