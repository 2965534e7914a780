import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { expect, test } from '@jest/globals'
import { createInstance } from '../../src/core/instance.ts'
import { createRetryLater } from '../../src/core/session/outstanding-revocations.ts'
import { createCountingFetch } from '../support/counting-fetch.ts'
import { openTestServer } from '../support/test-server.ts'

/** Timers that run when a test says so. */
function createTimers() {
  let waiting: { run: () => void; delayMs: number }[] = []
  return {
    schedule: (run: () => void, delayMs: number) => {
      waiting.push({ run, delayMs })
    },
    delays: () => waiting.map(({ delayMs }) => delayMs),
    async runAll() {
      const due = waiting
      waiting = []
      for (const { run } of due) run()
      await new Promise((resolve) => setImmediate(resolve))
    }
  }
}

function listen() {
  const heard: unknown[] = []
  const note = (event: unknown) => heard.push(event)
  subscribe('membergate.revocation', note)
  return { heard, stop: () => unsubscribe('membergate.revocation', note) }
}

test('CK-13 a revocation is tried again ever more slowly, and given up aloud', async () => {
  const { schedule, delays, runAll } = createTimers()
  const { heard, stop } = listen()
  const retryLater = createRetryLater(schedule)
  const attempt = () => Promise.resolve({ isEnded: false, member_session_id: 'session-1' })
  retryLater('token', attempt)
  retryLater('token', attempt)
  const waited: number[] = []
  while (delays().length > 0) {
    waited.push(...delays())
    await runAll()
  }
  stop()
  expect(waited).toEqual([1000, 5000, 15_000, 60_000, 180_000, 300_000, 600_000])
  expect(heard).toEqual([{ outcome: 'given_up', member_session_id: 'session-1', attempts: 7 }])
})

test('CK-13 what finds no room is given up aloud', () => {
  const { schedule, delays } = createTimers()
  const { heard, stop } = listen()
  const retryLater = createRetryLater(schedule)
  for (let index = 0; index < 1001; index += 1) {
    retryLater(`token ${index}`, () => Promise.reject(new Error('away')))
  }
  stop()
  expect(delays()).toHaveLength(1000)
  expect(heard).toEqual([{ outcome: 'given_up', member_session_id: undefined, attempts: 0 }])
})

test.each(['its token', 'its JWT', 'the pair', 'the pair, which was seen before'])(
  'CK-13 a sign-out by %s while the authority was away ends the session once it is back',
  async (by) => {
    const testServer = await openTestServer()
    const { session_token, session_jwt } = await testServer.signIn('member@acme.test')
    const { url, project_id, secret } = testServer.authority
    const network = createCountingFetch()
    const { schedule, delays, runAll } = createTimers()
    const { now } = testServer.clock
    const auth = createInstance({ url, project_id, secret, now, fetch: network.fetch }, schedule)
    const cookies = [
      by === 'its JWT' ? [] : `stytch_session=${session_token}`,
      by === 'its token' ? [] : `stytch_session_jwt=${session_jwt}`
    ]
    const request = {
      method: 'POST',
      headers: { cookie: cookies.flat().join('; ') },
      rawHeaders: []
    }
    const guard = auth.sessionGuard<undefined>({
      max_token_age_seconds: by.includes('seen') ? 0 : 300
    })
    if (by !== 'its token') await guard({ ...request, method: 'GET' }, '/', undefined)
    network.cut(true)
    const call = { request, target: '/sign-out', body: undefined, source: undefined }
    expect(await auth.signOut()(call)).toMatchObject({ status: 202 })
    network.cut(false)
    network.reset()
    expect(delays()).toEqual([1000])
    await runAll()
    const authenticate = () => testServer.client.sessions.authenticate({ session_token })
    const isAlive = () =>
      authenticate().then(
        () => true,
        () => false
      )
    for (let tries = 0; tries < 100 && (await isAlive()); tries += 1) {
      expect(network.count('/revoke')).toBeLessThan(2)
    }
    await expect(authenticate()).rejects.toMatchObject({ error_type: 'session_not_found' })
    await testServer.close()
  }
)
