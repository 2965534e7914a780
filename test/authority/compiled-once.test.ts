import { Session } from 'node:inspector/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { openTestServer, type TestServer } from '../support/test-server.ts'

/** How often each function of the compiler of policies is called while the work runs. V8 counts. */
async function compilations(work: () => Promise<unknown>): Promise<Record<string, number>> {
  const session = new Session()
  session.connect()
  await session.post('Profiler.enable')
  await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false })
  await work()
  const { result } = await session.post('Profiler.takePreciseCoverage')
  session.disconnect()
  const script = result.find(({ url }) => url.endsWith('/rbac/compile-policy.ts'))
  return Object.fromEntries(
    (script?.functions ?? [])
      .map(({ functionName, ranges }) => [functionName, ranges[0]?.count ?? 0] as const)
      .filter(([name]) => name === 'compileProjectPolicy' || name === 'compileRoles')
  )
}

describe('a policy', () => {
  let testServer: TestServer
  let session_token: string

  beforeAll(async () => {
    testServer = await openTestServer()
    session_token = (await testServer.signIn('admin@acme.test')).session_token
  })
  afterAll(() => testServer.close())

  const isChecked = () =>
    testServer.client.sessions.authenticate({
      session_token,
      authorization_check: {
        organization_id: 'acme',
        resource_id: 'stytch.member',
        action: 'search'
      }
    })
  const isCalledBy = () =>
    testServer.client.organizations.members.search(
      { organization_ids: ['acme'] },
      { authorization: { session_token } }
    )

  test('is compiled once for many calls, and anew when an organization changes its roles', async () => {
    const first = await compilations(async () => {
      for (let calls = 0; calls < 10; calls += 1) await Promise.all([isChecked(), isCalledBy()])
    })
    // The roles of the project, and those of the organization.
    expect(first).toEqual({ compileProjectPolicy: 1, compileRoles: 2 })

    await testServer.client.rbac.organizations.setOrgPolicy({
      organization_id: 'acme',
      org_policy: {
        roles: [
          {
            role_id: 'own',
            description: 'Its own',
            permissions: [{ resource_id: 'documents', actions: ['read'] }]
          }
        ]
      }
    })
    const second = await compilations(async () => {
      for (let calls = 0; calls < 10; calls += 1) await Promise.all([isChecked(), isCalledBy()])
    })
    expect(second.compileRoles).toBe(1)
    expect(second.compileProjectPolicy ?? 0).toBe(0)
  })
})
