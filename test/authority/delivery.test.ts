import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals'
import { createAuthority, createOutbox, type Delivery } from 'membergate/authority'
import { openAuthority } from 'membergate/testing'
import request from 'supertest'
import { testCost } from '../../src/authority/crypto/argon2id.ts'
import { createAtRest, newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { createStrengthMeter } from '../../src/authority/crypto/password-strength.ts'
import { createPasswordHashing } from '../../src/authority/crypto/passwords.ts'
import { sendEmail, sendSms } from '../../src/authority/delivery/deliver.ts'
import type { EmailMessage, SmsMessage } from '../../src/authority/delivery/delivery.ts'
import { OperationError } from '../../src/authority/domain/operation-error.ts'
import { createProviders } from '../../src/authority/external/providers.ts'
import { createApp } from '../../src/authority/http/app.ts'
import { createNoticeSender } from '../../src/authority/http/notice-sender.ts'
import { errorChannel, type ReportedError } from '../../src/authority/http/report-error.ts'
import { createWrongSecrets } from '../../src/authority/http/wrong-secrets.ts'
import { openStore, type Store } from '../../src/authority/store/store.ts'

const to = {
  project_id: 'project-test-11111111-1111-4111-8111-111111111111',
  organization_id: 'organization-test-1',
  member_id: 'member-test-1',
  locale: 'en'
} as const

const sms: SmsMessage = {
  ...to,
  to: '+12025550123',
  text: 'Your verification code is 271828.',
  code: '271828'
}

const email: EmailMessage = {
  ...to,
  to: 'ada@canary.example',
  kind: 'login',
  subject: 'Sign in to Canary',
  text: 'canary-text',
  html: '<p>canary-text',
  link: 'https://app.example/authenticate?token=canary-token',
  token: 'canary-token'
}

const secrets = /271828|2025550123|canary/i

async function rejectionOf(call: Promise<unknown>): Promise<unknown> {
  try {
    await call
  } catch (error) {
    return error
  }
  throw new Error('Expected a rejection.')
}

describe('an outbox', () => {
  test('keeps what would have been sent, the newest first', async () => {
    let now = Date.parse('2026-01-02T03:04:05.678Z')
    const { deliver, entries } = createOutbox({ now: () => now })
    await sendSms(deliver, sms)
    now += 1000
    await sendEmail(deliver, email)
    expect(entries()).toEqual([
      {
        channel: 'email',
        to: 'ada@canary.example',
        link: email.link,
        token: 'canary-token',
        sent_at: '2026-01-02T03:04:06Z'
      },
      { channel: 'sms', to: '+12025550123', code: '271828', sent_at: '2026-01-02T03:04:05Z' }
    ])
  })

  test('forgets all but the newest thousand', async () => {
    const { deliver, entries } = createOutbox()
    for (let code = 0; code < 1005; code += 1) {
      await sendSms(deliver, { ...sms, code: String(code) })
    }
    expect(entries()).toHaveLength(1000)
    expect(entries().at(0)?.code).toBe('1004')
    expect(entries().at(-1)?.code).toBe('5')
  })

  test.each([
    [{ nwo: Date.now }, /"now"/],
    [{ now: 5 }, /now/]
  ])('takes no options %j', (options, naming) => {
    const create = () => createOutbox(options as object)
    expect(create).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    expect(create).toThrow(naming)
  })

  test('of openAuthority is no part of what createMemberAuth takes', async () => {
    const { close, ...project } = await openAuthority()
    expect(Object.keys(project).sort()).toEqual(['project_id', 'secret', 'url'])
    await close()
    const authority = await openAuthority()
    expect(authority.outbox()).toEqual([])
    await authority.close()
  })
})

describe('the option deliver', () => {
  test.each([
    [null, /deliver/],
    [() => {}, /deliver must be an object/],
    [{ emial: async () => {} }, /"email"/],
    [{ sms: 'https://hooks.example' }, /deliver\.sms/]
  ])('%p is refused', async (deliver, naming) => {
    const options = { database: ':memory:', deliver: deliver as Delivery }
    const error = await rejectionOf(createAuthority(options))
    expect(error).toMatchObject({ code: 'config_invalid', message: expect.stringMatching(naming) })
  })
})

describe('a channel without a sender', () => {
  test.each([
    ['sms', () => sendSms({}, sms), 'deliver.sms'],
    ['email', () => sendEmail({ sms: async () => {} }, email), 'deliver.email']
  ])('is 501 not_implemented for %s, and says what to configure', async (_, send, option) => {
    const error = await rejectionOf(send())
    expect(error).toBeInstanceOf(OperationError)
    expect(error).toMatchObject({
      error_type: 'not_implemented',
      detail: expect.stringContaining(option)
    })
  })
})

/** Senders that fail, each in a way that quotes what it should send. */
const failing: readonly (readonly [string, (message: object) => Promise<void>, string])[] = [
  ['rejects', (message) => Promise.reject(quoting(message)), 'FAILED'],
  [
    'throws',
    (message) => {
      throw quoting(message)
    },
    'FAILED'
  ],
  ['rejects with text', (message) => Promise.reject(JSON.stringify(message)), 'FAILED'],
  [
    'gives a code that quotes',
    (message) => Promise.reject({ ...quoting(message), code: 'X271828' }),
    'FAILED'
  ],
  ['rejects with nothing', () => Promise.reject(undefined), 'FAILED'],
  [
    'cannot connect',
    (message) => Promise.reject(Object.assign(quoting(message), { code: 'ECONNREFUSED' })),
    'ECONNREFUSED'
  ],
  [
    'cannot connect, as fetch says it',
    (message) =>
      Promise.reject(
        new TypeError('fetch failed', {
          cause: Object.assign(quoting(message), { code: 'ENOTFOUND' })
        })
      ),
    'ENOTFOUND'
  ]
]

function quoting(message: object): Error {
  const text = JSON.stringify(message)
  const error = new Error(text, { cause: new Error(text) })
  error.name = text
  error.stack = `Error: ${text}\n    at ${text}`
  return error
}

describe('a sender that fails', () => {
  let store: Store
  let reports: ReportedError[]
  const note = (report: unknown) => {
    reports.push(report as ReportedError)
  }

  beforeEach(async () => {
    store = await openStore(':memory:')
    reports = []
    subscribe(errorChannel, note)
  })

  afterEach(async () => {
    unsubscribe(errorChannel, note)
    await store.close()
  })

  /** The way of an error from where a handler is called to the answer. */
  function answerTo(send: () => Promise<void>) {
    const away: Store = {
      ...store,
      ofProject: (project_id) => ({
        ...store.ofProject(project_id),
        findProject: async () => {
          await send()
          return undefined
        }
      })
    }
    const atRest = createAtRest([newAtRestKey()])
    const providers = createProviders({ fetch, now: Date.now })
    const outside = {
      passwords: createPasswordHashing(testCost),
      strengthMeter: createStrengthMeter(),
      delivery: {},
      lookUpDevice: undefined,
      noticeSender: createNoticeSender(),
      wrongSecrets: createWrongSecrets({ store: away, now: Date.now }),
      warnOfShortSecret: () => {}
    }
    const app = createApp({ ...outside, providers, store: away, atRest, now: Date.now })
    return request(app).get(`/v1/b2b/sessions/jwks/${to.project_id}`)
  }

  test.each(failing)(
    'and %s is 503, and tells nobody what it should send',
    async (_, send, code) => {
      for (const deliver of [
        () => sendSms({ sms: send }, sms),
        () => sendEmail({ email: send }, email)
      ]) {
        reports = []
        const { status, body, headers } = await answerTo(deliver)
        expect(status).toBe(503)
        expect(body.error_type).toBe('server_unavailable')
        expect(headers['retry-after']).toBe('1')
        expect(JSON.stringify(body)).not.toMatch(secrets)
        expect(reports).toEqual([expect.objectContaining({ name: 'DeliveryUnavailable', code })])
        expect(JSON.stringify(reports)).not.toMatch(secrets)
        expect(reports[0]?.frames.length).toBeGreaterThan(0)
      }
    }
  )

  test('and never answers is 503 after five seconds', async () => {
    jest.useFakeTimers()
    try {
      const refusal = rejectionOf(sendSms({ sms: () => new Promise(() => {}) }, sms))
      await jest.advanceTimersByTimeAsync(4999)
      expect(jest.getTimerCount()).toBe(1)
      await jest.advanceTimersByTimeAsync(1)
      expect(await refusal).toMatchObject({ name: 'DeliveryUnavailable', code: 'TIMEOUT' })
    } finally {
      jest.useRealTimers()
    }
  })

  test('leaves no timer behind where it does not fail', async () => {
    jest.useFakeTimers()
    try {
      await sendSms({ sms: async () => {} }, sms)
      expect(jest.getTimerCount()).toBe(0)
    } finally {
      jest.useRealTimers()
    }
  })
})
