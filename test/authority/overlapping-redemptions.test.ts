import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { testCost } from '../../src/authority/crypto/argon2id.ts'
import { createAtRest, newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { createStrengthMeter } from '../../src/authority/crypto/password-strength.ts'
import { createPasswordHashing } from '../../src/authority/crypto/passwords.ts'
import type { Write } from '../../src/authority/domain/writes.ts'
import { createProviders } from '../../src/authority/external/providers.ts'
import { createApp } from '../../src/authority/http/app.ts'
import { createNoticeSender } from '../../src/authority/http/notice-sender.ts'
import { createWrongSecrets } from '../../src/authority/http/wrong-secrets.ts'
import { applySeed } from '../../src/authority/seed/apply-seed.ts'
import { checkSeed } from '../../src/authority/seed/seed.ts'
import { openStore, type Store } from '../../src/authority/store/store.ts'
import { credentials, offlineScopes } from '../support/app-calls.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { apps, authorization, code_challenge, code_verifier } from '../support/external.ts'

/**
 * What an app may use once, used twice with every read before every write: so neither call can see that the other was
 * there, and only the write can tell.
 */

const project_id = 'project-test-11111111-1111-4111-8111-111111111111'
const secret = 'secret-of-the-project-of-these-tests'
const now = Date.UTC(2030, 0, 1, 12)

describe('two uses that overlap', () => {
  describeOnEachDatabase((create) => {
    let database: TestDatabase
    let store: Store
    let app: ReturnType<typeof createApp>
    let meeting: ReturnType<typeof meetAt> | undefined
    const member: { organization_id?: string; member_id?: string } = {}

    beforeAll(async () => {
      database = await create()
      store = await openStore(database.location)
      const atRest = createAtRest([newAtRestKey()])
      const passwords = createPasswordHashing(testCost)
      const { redirect_urls, ...first } = apps.first
      const organization = {
        organization_name: 'Acme',
        organization_slug: 'acme',
        members: [{ email_address: 'ada@acme.example' }]
      }
      const settings = { connected_apps: [{ ...first, redirect_urls: [...redirect_urls] }] }
      const seed = checkSeed([{ project_id, secret, settings, organizations: [organization] }])
      await applySeed({ store, atRest, passwords, now }, seed)
      const meetingStore: Store = {
        ...store,
        ofProject(id) {
          const project = store.ofProject(id)
          return {
            ...project,
            async tryRun(writes) {
              await meeting?.arrive(writes)
              return project.tryRun(writes)
            }
          }
        }
      }
      app = createApp({
        store: meetingStore,
        atRest,
        passwords,
        strengthMeter: createStrengthMeter(),
        delivery: {},
        lookUpDevice: undefined,
        providers: createProviders({ fetch, now: () => now }),
        noticeSender: createNoticeSender(),
        wrongSecrets: createWrongSecrets({ store, now: () => now }),
        warnOfShortSecret: () => {},
        now: () => now
      })
      const found = await request(app)
        .get('/v1/b2b/organizations/acme/member?email_address=ada@acme.example')
        .auth(project_id, secret)
      const { organization_id } = found.body.organization
      Object.assign(member, { organization_id, member_id: found.body.member_id })
    })

    afterAll(async () => {
      await store.close()
      await database.drop()
    })

    const post = (form: Record<string, string>) =>
      request(app)
        .post('/v1/oauth2/token')
        .type('form')
        .send({ ...credentials, ...form })

    async function newCode(): Promise<Record<string, string>> {
      const answer = await request(app)
        .post('/v1/b2b/idp/oauth/authorize')
        .auth(project_id, secret)
        .send({
          ...authorization,
          ...member,
          scopes: offlineScopes,
          consent_granted: true,
          code_challenge
        })
      return {
        grant_type: 'authorization_code',
        code: answer.body.authorization_code,
        redirect_uri: authorization.redirect_uri,
        code_verifier
      }
    }

    async function newRefreshToken(): Promise<Record<string, string>> {
      const { body } = await post(await newCode())
      return { grant_type: 'refresh_token', refresh_token: body.refresh_token }
    }

    test.each([
      ['a refresh token', 'refreshGrant', newRefreshToken],
      ['a code', 'redeemGrant', newCode]
    ] as const)('of %s: one succeeds, and ends with the other', async (_, write, make) => {
      const form = await make()
      meeting = meetAt(write, 2)
      const answers = await Promise.all([post(form), post(form)])
      meeting = undefined
      const [won, lost] = answers.sort((one, other) => one.status - other.status)
      expect([won?.status, lost?.status]).toEqual([200, 400])
      expect(lost?.body.error).toBe('invalid_grant')
      const next = { grant_type: 'refresh_token', refresh_token: won?.body.refresh_token }
      expect((await post(next)).body.error).toBe('invalid_grant')
      const introspected = await request(app)
        .post(`/v1/public/${project_id}/oauth2/introspect`)
        .type('form')
        .send({ ...credentials, token: won?.body.access_token })
      expect(introspected.body).toMatchObject({ active: false, status_code: 200 })
    })
  })
})

/** Where units with the write wait until so many of them are there. */
function meetAt(write: Write['do'], calls: number) {
  let arrived = 0
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return {
    async arrive(writes: readonly Write[]): Promise<void> {
      if (!writes.some(({ do: name }) => name === write)) return
      arrived += 1
      if (arrived === calls) open()
      await opened
    }
  }
}
