import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { checkPermission, compilePolicy, type PolicyRole } from 'membergate'

const role = (role_id: string, resource_id: string, ...actions: string[]): PolicyRole => ({
  role_id,
  description: '',
  permissions: [{ resource_id, actions }]
})
const policyOf = (...roles: PolicyRole[]) => ({ roles, resources: [], scopes: [] })

describe('a permission', () => {
  const policy = compilePolicy(
    policyOf(role('editor', 'documents', 'read', 'write'), role('owner', 'documents', '*')),
    { roles: [role('auditor', 'documents', 'read')] }
  )

  test('is granted by every role that has it, and by no other', () => {
    expect(
      checkPermission(policy, ['owner', 'guest', 'auditor', 'editor'], 'documents', 'read')
    ).toEqual({
      authorized: true,
      granting_roles: ['owner', 'auditor', 'editor']
    })
  })

  test.each([
    ['editor', 'document', 'read'],
    ['editor', 'documents', 'rea'],
    ['editor', 'documents', 'read:all'],
    ['Editor', 'documents', 'read'],
    ['editor', 'Documents', 'read'],
    ['editor', 'documents', '*'],
    ['editor', '*', 'read'],
    ['editor', '__proto__', 'constructor'],
    ['__proto__', 'documents', 'read'],
    ['constructor', 'documents', 'toString'],
    ['editor', 'documents', '']
  ])('of %s on %s to %s is denied', (roleId, resource, action) => {
    expect(checkPermission(policy, [roleId], resource, action)).toEqual({
      authorized: false,
      granting_roles: []
    })
  })

  test('is told in a verdict that is frozen', () => {
    const verdict = checkPermission(policy, ['owner'], 'documents', 'read')
    expect(() => verdict.granting_roles.push('x')).toThrow(TypeError)
  })
})

test('a compiled policy decides like the rule read aloud, for any policy', async () => {
  const name = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor')
  const action = fc.constantFrom('read', 'write', '*', '__proto__')
  const permission = fc.record({ resource_id: name, actions: fc.array(action, { maxLength: 3 }) })
  const roles = fc.array(
    fc.record({
      role_id: name,
      description: fc.constant(''),
      permissions: fc.array(permission, { maxLength: 3 })
    }),
    { maxLength: 5 }
  )
  await fc.assert(
    fc.property(
      roles,
      roles,
      fc.array(name),
      name,
      action,
      (project, organization, held, resource, wanted) => {
        const granting = [...new Set(held)].filter((id) =>
          [...project, ...organization].some(
            ({ role_id, permissions }) =>
              role_id === id &&
              permissions.some(
                ({ resource_id, actions }) =>
                  resource_id === resource && (actions.includes(wanted) || actions.includes('*'))
              )
          )
        )
        const policy = compilePolicy(policyOf(...project), { roles: organization })
        expect(checkPermission(policy, held, resource, wanted)).toEqual({
          authorized: granting.length > 0,
          granting_roles: granting
        })
      }
    ),
    { numRuns: 5000 }
  )
})
