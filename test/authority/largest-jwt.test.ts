import { expect, test } from '@jest/globals'
import request from 'supertest'
import { maxRoleBytes } from '../../src/authority/domain/roles.ts'
import { createAuthority } from '../../src/authority.ts'
import { totpCode } from '../support/totp-code.ts'

const project_id = 'project-live-11111111-1111-4111-8111-111111111111'
const secret = 'secret-of-the-project-of-these-tests'
const totp_secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const password = 'correct horse battery staple'
const now = Date.UTC(2026, 0, 1, 12)

/** Role ids that take as many bytes of JSON. */
function rolesOf(bytes: number, prefix: string): string[] {
  const ids: string[] = []
  for (let left = bytes - 1; left > 3; ) {
    const length = Math.min(128, left - 3)
    ids.push(`${prefix}${ids.length}-`.padEnd(length, 'x'))
    left -= length + 3
  }
  return ids
}

test('the JWT of the largest session that there can be is accepted', async () => {
  const assigned = rolesOf(maxRoleBytes.assigned, 'assigned-')
  const ofDomain = rolesOf(maxRoleBytes.ofDomain, 'domain-')
  expect(JSON.stringify(assigned)).toHaveLength(maxRoleBytes.assigned)
  expect(JSON.stringify(ofDomain)).toHaveLength(maxRoleBytes.ofDomain)
  const custom = [...assigned, ...ofDomain].map((role_id) => ({ role_id, permissions: [] }))
  const authority = await createAuthority({
    database: ':memory:',
    now: () => now,
    projects: [
      {
        project_id,
        secret,
        policy: { roles: custom },
        organizations: [
          {
            organization_name: 'Acme',
            organization_slug: 'x'.repeat(128),
            rbac_email_implicit_role_assignments: ofDomain.map((role_id) => ({
              domain: 'example.com',
              role_id
            })),
            members: [{ email_address: 'ada@example.com', roles: assigned, password, totp_secret }]
          }
        ]
      }
    ]
  })
  const call = async (path: string, body: object) => {
    const asked = request(authority.app).post(`/v1/b2b/${path}`).auth(project_id, secret)
    return (await asked.send(body)).body
  }

  const organization_id = 'x'.repeat(128)
  const session_custom_claims = { claim: 'x'.repeat(4096 - '{"claim":""}'.length) }
  const { member_id, session_token } = await call('passwords/authenticate', {
    organization_id,
    email_address: 'ada@example.com',
    password,
    session_custom_claims
  })
  const code = totpCode(totp_secret, now)
  const given = { organization_id, member_id, session_token, code }
  const { session_jwt, member_session } = await call('totp/authenticate', given)
  expect(member_session.roles).toHaveLength(1 + assigned.length + ofDomain.length)
  expect(member_session.authentication_factors).toHaveLength(2)
  const again = await call('sessions/authenticate', { session_jwt })
  expect(again.status_code).toBe(200)
  // A few more factors, as other methods prove them, must fit as well.
  expect(session_jwt.length).toBeLessThan(16_384 - 2_000)
  await authority.close()
})
