import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createMemberAuth } from 'membergate'
import { nearestName } from '../../src/errors/nearest-name.ts'
import { createPolicySource, type PolicySource } from '../../src/rbac/policy-source.ts'

const policy = {
  roles: [
    {
      role_id: 'editor',
      description: '',
      permissions: [{ resource_id: 'pages', actions: ['publish'] }]
    },
    { role_id: 'owner', description: '', permissions: [{ resource_id: 'files', actions: ['*'] }] }
  ],
  resources: [{ resource_id: 'documents', description: '', actions: ['read', 'write'] }],
  scopes: []
}

interface Warning {
  readonly message: string
  readonly type: string
  readonly code: string
}

/** What is handed to Node: its event is of the process that runs the tests, which they do not see. */
let warnings: Warning[] = []
const { emitWarning } = process

beforeEach(() => {
  warnings = []
  process.emitWarning = (message: string | Error, options: unknown) => {
    const { type, code } = options as Warning
    warnings.push({ message: String(message), type, code })
  }
})
afterEach(() => {
  process.emitWarning = emitWarning
})

const createAuth = (given: object = {}) =>
  createMemberAuth({
    project_id: 'project-test-1',
    secret: 'secret-test-0123456789abcdefghijklmnop',
    policy,
    ...given
  })

describe('a guard of a fixed policy', () => {
  test.each([
    ['documents', 'wirte', 'MEMBERGATE_UNKNOWN_ACTION', '"write"'],
    ['document', 'write', 'MEMBERGATE_UNKNOWN_RESOURCE', '"documents"'],
    ['page', 'publish', 'MEMBERGATE_UNKNOWN_RESOURCE', '"pages"'],
    ['pages', 'publsh', 'MEMBERGATE_UNKNOWN_ACTION', '"publish"'],
    ['__proto__', 'read', 'MEMBERGATE_UNKNOWN_RESOURCE', undefined],
    ['documents', 'constructor', 'MEMBERGATE_UNKNOWN_ACTION', undefined]
  ])('of %s and %s warns', async (resource_id, action, code, suggestion) => {
    createAuth().requirePermission(resource_id, action)
    expect(warnings).toHaveLength(1)
    expect(warnings[0]).toMatchObject({ type: 'MembergateWarning', code })
    expect(warnings[0]?.message).toContain(JSON.stringify(resource_id))
    expect(/Did you mean (.*)\?/.exec(warnings[0]?.message ?? '')?.[1]).toBe(suggestion)
  })

  test.each([
    ['documents', 'write'],
    ['pages', 'publish'],
    ['files', 'open']
  ])('of %s and %s does not', async (resource_id, action) => {
    createAuth().requirePermission(resource_id, action)
    expect(warnings).toEqual([])
  })

  test('warns once of what it names twice', async () => {
    const auth = createAuth()
    auth.requirePermission('document', 'read')
    auth.requirePermission('document', 'read')
    expect(warnings).toHaveLength(1)
  })

  test('writes a name that is long or odd in one short line', async () => {
    createAuth().requirePermission('a\nb', 'x'.repeat(10_000))
    expect(warnings[0]?.message).toContain('"a\\nb"')
    expect(warnings[0]?.message.length).toBeLessThan(400)
  })

  test('warns of a thousand names at most', async () => {
    const auth = createAuth()
    for (let count = 0; count < 1100; count += 1)
      auth.requirePermission(`resource-${count}`, 'read')
    expect(warnings).toHaveLength(1000)
  })
})

describe('a guard of a fetched policy', () => {
  let clock = 0
  let fetches = 0
  let current = policy
  let source: PolicySource

  beforeEach(() => {
    clock = 0
    fetches = 0
    current = policy
    source = createPolicySource({
      async fetchPolicy() {
        fetches += 1
        return current
      },
      fetchOrgPolicy: async () => ({
        roles: [
          {
            role_id: 'guest',
            description: '',
            permissions: [{ resource_id: 'documents', actions: ['invented'] }]
          }
        ]
      }),
      now: () => clock
    })
  })

  test('causes no fetch, and warns once the policy is there', async () => {
    source.expect({ resource_id: 'documents', action: 'wirte' })
    expect([fetches, warnings.length]).toEqual([0, 0])
    await source.policyFor('organization-test-1')
    expect([fetches, warnings.length]).toEqual([1, 1])
  })

  test('that is made later is compared with the policy at hand', async () => {
    await source.policyFor('organization-test-1')
    source.expect({ resource_id: 'documents', action: 'wirte' })
    expect([fetches, warnings.length]).toEqual([1, 1])
  })

  test('warns again of nothing when the policy is renewed, and of what is gone from it', async () => {
    source.expect({ resource_id: 'documents', action: 'wirte' })
    source.expect({ resource_id: 'documents', action: 'write' })
    await source.policyFor('organization-test-1')
    current = { ...policy, resources: [] }
    clock += 6 * 60_000
    await source.policyFor('organization-test-1')
    expect(fetches).toBe(2)
    expect(warnings.map(({ code }) => code)).toEqual([
      'MEMBERGATE_UNKNOWN_ACTION',
      'MEMBERGATE_UNKNOWN_RESOURCE'
    ])
  })

  test('takes no names from the roles of an organization', async () => {
    source.expect({ resource_id: 'documents', action: 'invented' })
    await source.policyFor('organization-test-1')
    expect(warnings).toMatchObject([{ code: 'MEMBERGATE_UNKNOWN_ACTION' }])
  })
})

test('no name is suggested in its own place', () => {
  expect(nearestName('write', ['write', 'read'])).toBe('')
  expect(nearestName('write', ['write', 'rite'])).toBe(' Did you mean "rite"?')
})
