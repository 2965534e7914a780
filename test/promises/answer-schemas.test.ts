import { describe, expect, test } from '@jest/globals'
import { openAuthority } from 'membergate/testing'
import { faultsOfAnswer, faultsOfCall } from '../support/answer-faults.ts'

const organizations = [{ organization_name: 'Acme', organization_slug: 'acme' }]

/** An answer as it goes over the wire. */
async function answerOf(path: string): Promise<Record<string, unknown>> {
  const { url, project_id, secret, close } = await openAuthority({ projects: [{ organizations }] })
  const credentials = Buffer.from(`${project_id}:${secret}`).toString('base64')
  const answer = await fetch(new URL(path, url), {
    headers: { authorization: `Basic ${credentials}` }
  })
  await close()
  return JSON.parse(await answer.text())
}

describe('the check of answers that every suite makes', () => {
  test('finds what is missing, of another type, or not known to the schema, at any depth', async () => {
    const answer = await answerOf('/v1/b2b/organizations/acme')
    const organization = Object(answer.organization)
    const faultsOf = (changed: object) => faultsOfAnswer('organizations.get', changed)
    expect(faultsOf(answer)).toEqual([])
    expect(faultsOf({ ...answer, secret: 'x' })).toEqual(['$.secret'])
    expect(faultsOf({ ...answer, organization: { ...organization, hash: null } })).toEqual([
      '$.organization.hash'
    ])
    const { mfa_policy, ...less } = organization
    for (const changed of [less, { ...organization, mfa_policy: 'SOMETIMES' }]) {
      expect(faultsOf({ ...answer, organization: changed })).toEqual([
        expect.stringMatching(/^\$\.organization\.mfa_policy: /)
      ])
    }
  })

  test('knows the operation by what is called', async () => {
    const answer = JSON.stringify({ request_id: 'r', status_code: 200 })
    const faultsOf = (method: string, path: string) => faultsOfCall({ method, path }, 200, answer)
    expect(faultsOf('GET', '/v1/b2b/organizations/acme/metrics')).not.toEqual([])
    expect(faultsOf('POST', '/v1/oauth2/token')).not.toEqual([])
    expect(faultsOf('POST', '/v1/public/project-test-1/oauth2/revoke')).toEqual([])
    expect(faultsOf('POST', '/v1/b2b/sessions/revoke')).toEqual([])
  })
})
