import { afterEach, beforeEach, expect, test } from '@jest/globals'
import request from 'supertest'
import { testCost } from '../../src/authority/crypto/argon2id.ts'
import { createAtRest, newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { createStrengthMeter } from '../../src/authority/crypto/password-strength.ts'
import { createPasswordHashing } from '../../src/authority/crypto/passwords.ts'
import { newTotpSecret } from '../../src/authority/crypto/totp.ts'
import { createProviders } from '../../src/authority/external/providers.ts'
import { createApp } from '../../src/authority/http/app.ts'
import { createNoticeSender } from '../../src/authority/http/notice-sender.ts'
import { createWrongSecrets } from '../../src/authority/http/wrong-secrets.ts'
import { applySeed } from '../../src/authority/seed/apply-seed.ts'
import { checkSeed } from '../../src/authority/seed/seed.ts'
import { openStore, type Store } from '../../src/authority/store/store.ts'
import { totpCode } from '../support/totp-code.ts'

const project_id = 'project-test-11111111-1111-4111-8111-111111111111'
const secret = 'secret-of-the-project-of-these-tests'
const password = 'correct horse battery staple'
const totp_secret = newTotpSecret()
const now = Date.UTC(2026, 0, 1, 12)

/** What an authority has beside, and these tests do not use. */
const passwords = createPasswordHashing(testCost)
const outside = {
  passwords,
  strengthMeter: createStrengthMeter(),
  delivery: {},
  lookUpDevice: undefined,
  noticeSender: createNoticeSender(),
  warnOfShortSecret: () => {}
}

let store: Store
const providers = createProviders({ fetch, now: () => now })
let app: ReturnType<typeof createApp>

/** An authority whose signing key opens until it is lost. */
const { lose, atRest, find } = (() => {
  const keys = createAtRest([newAtRestKey()])
  let lost = false
  return {
    find: () => {
      lost = false
    },
    lose: () => {
      lost = true
    },
    atRest: {
      ...keys,
      open(sealed: string, context: string) {
        if (lost && context.includes('|signing-key|')) throw new Error('The key is lost.')
        return keys.open(sealed, context)
      }
    }
  }
})()

beforeEach(async () => {
  find()
  store = await openStore(':memory:')
  const member = { email_address: 'ada@example.com', password, totp_secret }
  const organization = { organization_name: 'Acme', organization_slug: 'acme', members: [member] }
  const seed = checkSeed([{ project_id, secret, organizations: [organization] }])
  await applySeed({ store, atRest, passwords, now }, seed)
  app = createApp({
    ...outside,
    wrongSecrets: createWrongSecrets({ store, now: () => now }),
    providers,
    store,
    atRest,
    now: () => now
  })
})

afterEach(() => store.close())

async function call(path: string, body: object) {
  const answer = await request(app).post(`/v1/b2b/${path}`).auth(project_id, secret).send(body)
  return answer.body
}

function signIn(options: object = {}) {
  const credentials = { organization_id: 'acme', email_address: 'ada@example.com', password }
  return call('passwords/authenticate', { ...credentials, ...options })
}

/** As another process would: nothing that the first one holds in memory helps. */
function restart() {
  app = createApp({
    ...outside,
    wrongSecrets: createWrongSecrets({ store, now: () => now }),
    providers,
    store,
    atRest,
    now: () => now
  })
}

async function sessionsOf(member_id: string) {
  return store.ofProject(project_id).listSessions(member_id, now)
}

test('a sign-in that cannot be answered begins no session', async () => {
  const { member_id } = await signIn()
  const before = await sessionsOf(member_id)
  lose()
  restart()
  expect((await signIn()).error_type).toBe('internal_server_error')
  expect(await sessionsOf(member_id)).toEqual(before)
})

test('a session that cannot be answered is as it was: not extended, not stepped up, no code used', async () => {
  const { member_id, session_token } = await signIn()
  const before = await sessionsOf(member_id)
  lose()
  restart()
  const code = totpCode(totp_secret, now)
  const given = { organization_id: 'acme', member_id, code, session_token }
  const options = { session_duration_minutes: 500, session_custom_claims: { a: 1 } }
  for (const answer of [
    await call('sessions/authenticate', { session_token, ...options }),
    await signIn({ session_token, ...options }),
    await call('totp/authenticate', { ...given, ...options })
  ]) {
    expect(answer.error_type).toBe('internal_server_error')
  }
  expect(await sessionsOf(member_id)).toEqual(before)

  find()
  restart()
  expect((await call('totp/authenticate', given)).status_code).toBe(200)
})
