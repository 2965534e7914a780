import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createMemberAuth, type MemberAuth } from 'membergate'
import { ConfigError } from 'membergate/errors'
import { openTestServer, type TestServer } from '../support/test-server.ts'

let testServer: TestServer
let auth: MemberAuth

beforeAll(async () => {
  testServer = await openTestServer()
  const { url, project_id, secret } = testServer.authority
  auth = createMemberAuth({ url, project_id, secret, now: testServer.clock.now })
})
afterAll(() => testServer.close())

const request = { method: 'POST', url: '/sign-in', headers: {} }
const discovery = {
  intermediate_session_token: 'i'.repeat(44),
  email_address: 'boss@globex.test'
}

describe('an answer that signs nobody in sets no cookie, for it is a mistake of the app:', () => {
  test.each([
    ['a whole one without its session', 'member', { member_session: null }],
    ['a whole one without its opaque token', 'member', { session_token: '' }],
    ['a whole one without its JWT', 'member', { session_jwt: '' }],
    ['a pending one without its token', 'totp', { intermediate_session_token: '' }],
    ['a pending one without its member', 'totp', { member_id: undefined, member: undefined }]
  ])('%s', async (_, member, change) => {
    const answer = await testServer.authenticate(`${member}@acme.test`)
    const completed = await auth.completeSignIn(request, answer)
    expect(completed.member_authenticated).toBe(member === 'member')
    const changed = { ...answer, ...change } as typeof answer
    await expect(auth.completeSignIn(request, changed)).rejects.toBeInstanceOf(ConfigError)
  })

  test.each([
    ['a discovery without its token', { intermediate_session_token: '' }],
    ['a discovery without its e-mail address', { email_address: undefined as never }]
  ])('%s', async (_, change) => {
    await auth.completeDiscovery(request, discovery)
    const changed = { ...discovery, ...change }
    await expect(auth.completeDiscovery(request, changed)).rejects.toBeInstanceOf(ConfigError)
  })
})
