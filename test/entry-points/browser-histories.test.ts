import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { type CookieJar, createCookieJar, type SentAnswer } from '../support/cookie-jar.ts'
import { createCountingFetch } from '../support/counting-fetch.ts'
import { type AppBuilder, type Auth, frameworks, type RunningApp } from '../support/frameworks.ts'
import { createGates } from '../support/gates.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'

/** Whatever a browser does while its requests wait, it acts as the session of its last sign-in, or as none. */

const framework = frameworks.find(({ name }) => name === 'node:http')
const gates = createGates()
const network = createCountingFetch()
let testServer: TestServer
const running: RunningApp[] = []
let count = 0

beforeAll(async () => {
  testServer = await openTestServer()
})
afterAll(() => testServer.close())
/** Also what a test that failed left waiting. */
afterEach(async () => {
  for (let each = 1; each <= count; each += 1) gates.open(`gate-${each}`)
  await Promise.all(running.splice(0).map((app) => app.close()))
})

function define(builder: AppBuilder, auth: Auth): void {
  const session = auth.requireMemberSession()
  const optional = auth.requireMemberSession({ optional: true })
  const wait = ({ params }: { params: Readonly<Record<string, string>> }) =>
    gates.wait(params.gate ?? '')
  builder.post('/sign-in/:name', async ({ params, completeSignIn }) => {
    const result = await testServer.authenticate(`${params.name}@acme.test`)
    await completeSignIn(result)
    return result.member_session
  })
  builder.mount('post', '/sign-out', auth.signOut())
  builder.mount('post', '/switch', auth.switchOrganization())
  builder.get('/held/:gate', session, wait)
  builder.get('/failing/:gate', session, async (exchange) => {
    await wait(exchange)
    throw new Error('A mistake of the app.')
  })
  builder.get('/optional/:gate', optional, wait)
  builder.get('/me', session, ({ memberOf }) => memberOf())
}

async function openApp(options: object = {}): Promise<RunningApp> {
  if (framework === undefined) throw new Error('There is no such framework.')
  const { url, project_id, secret } = testServer.authority
  const origin = 'http://localhost:3000'
  const { fetch } = network
  const app = await framework.open(
    { url, project_id, secret, now: testServer.clock.now, origin, fetch, ...options },
    define
  )
  running.push(app)
  return app
}

interface Held {
  readonly at: RunningApp
  readonly gate: string
  readonly answer: Promise<SentAnswer>
}

/** One browser, whose requests go to any of these processes. */
function createBrowser(jar: CookieJar, apps: readonly RunningApp[]) {
  const held: Held[] = []
  /** Of the last sign-in; `undefined` after a sign-out. */
  let current: string | undefined
  const appOf = (process: number) => apps[process % apps.length] as RunningApp

  return {
    async hold(process: number, path: string) {
      count += 1
      const gate = `gate-${count}`
      const at = appOf(process)
      const answer = jar.send('GET', `${at.url}${path}/${gate}`)
      const denied = await Promise.race([answer, gates.reached(gate)])
      if (denied === undefined) held.push({ at, gate, answer })
      else jar.take(denied)
    },
    /** Its answer goes out, and the browser asks the same process who it is. */
    async release(which: number) {
      const [late] = held.splice(which % Math.max(held.length, 1), 1)
      if (late === undefined) return
      gates.open(late.gate)
      jar.take(await late.answer)
      await this.check(late.at)
    },
    async signIn(process: number, name: string) {
      const answer = await jar.visit('POST', `${appOf(process).url}/sign-in/${name}`)
      current = (answer.body as { member_session_id: string }).member_session_id
    },
    async switch(process: number) {
      const there = await testServer.authenticate('boss@globex.test', 'globex')
      network.answerOnce('/exchange', () => Response.json(there))
      const { url } = appOf(process)
      const answer = await jar.visit('POST', `${url}/switch`, { organization_id: 'globex' })
      expect(answer.body).toMatchObject({ member_authenticated: true })
      current = there.member_session?.member_session_id
    },
    async signOut(process: number) {
      await jar.visit('POST', `${appOf(process).url}/sign-out`)
      current = undefined
    },
    async check(at: RunningApp) {
      const { status, body } = await jar.visit('GET', `${at.url}/me`)
      const { member_session_id } = body as { member_session_id?: string }
      expect([status, member_session_id]).toEqual([current === undefined ? 401 : 200, current])
    },
    async releaseAll() {
      while (held.length > 0) await this.release(0)
    }
  }
}

type Browser = ReturnType<typeof createBrowser>

const process = fc.nat(1)
function steps(names: readonly string[], paths: readonly string[]) {
  const step = fc.oneof(
    fc.record({ do: fc.constant('sign in' as const), process, name: fc.constantFrom(...names) }),
    fc.record({ do: fc.constant('sign out' as const), process }),
    fc.record({ do: fc.constant('wait' as const) }),
    fc.record({ do: fc.constant('hold' as const), process, path: fc.constantFrom(...paths) }),
    fc.record({ do: fc.constant('release' as const), which: fc.nat(4) })
  )
  return fc.array(step, { minLength: 4, maxLength: 14 })
}
type Step = ReturnType<typeof steps> extends fc.Arbitrary<(infer One)[]> ? One : never

async function take(browser: Browser, step: Step, signsOutFirst: boolean): Promise<void> {
  testServer.clock.advance(1)
  if (step.do === 'sign in') {
    if (signsOutFirst) await browser.signOut(step.process)
    await browser.signIn(step.process, step.name)
  } else if (step.do === 'sign out') await browser.signOut(step.process)
  else if (step.do === 'hold') await browser.hold(step.process, step.path)
  else if (step.do === 'release') await browser.release(step.which)
  else testServer.clock.advance(310)
}

describe.each([
  // What remains across processes is in docs/cookies-and-caches.md: those who leave a session there sign out first.
  ['one process', 1, ['member', 'editor'], ['/held', '/failing', '/optional']],
  ['two processes', 2, ['member', 'editor'], ['/held', '/failing']]
] as const)('a browser before %s', (_, processes, names, paths) => {
  test('acts as its last sign-in, in whatever order its answers come', async () => {
    const apps = await Promise.all(Array.from({ length: processes }, () => openApp()))
    const act = fc.asyncProperty(steps(names, paths), async (history) => {
      const browser = createBrowser(createCookieJar(apps[0]?.url ?? ''), apps)
      await browser.signIn(0, 'member')
      testServer.clock.advance(310)
      for (const step of history) await take(browser, step, processes > 1)
      await browser.releaseAll()
    })
    await fc.assert(act, { numRuns: 40, interruptAfterTimeLimit: 20_000, endOnFailure: true })
  })
})

describe('a late answer of one process', () => {
  let first: RunningApp
  let second: RunningApp
  let browser: Browser
  let jar: CookieJar

  async function holdAtFirst(): Promise<void> {
    first = await openApp()
    second = await openApp()
    jar = createCookieJar(first.url)
    browser = createBrowser(jar, [first, second])
    await browser.signIn(0, 'member')
    testServer.clock.advance(310)
    await browser.hold(0, '/held')
  }

  test.each([0, 1])(
    'signs no browser in that signed out at another: asked is %i',
    async (asked) => {
      await holdAtFirst()
      await browser.signOut(1)
      await browser.release(0)
      await browser.check(asked === 0 ? first : second)
      expect(jar.header()).toBe('')
    }
  )

  test.each(['member', 'editor'])(
    'brings no browser back that signed in again at another, as %s',
    async (name) => {
      await holdAtFirst()
      await browser.signIn(1, name)
      await browser.release(0)
    }
  )

  test('brings no browser back into the organization that it left at another', async () => {
    await holdAtFirst()
    await browser.switch(1)
    await browser.release(0)
  })
})

describe('an app that keeps JWTs only', () => {
  test('does not bring back a session that the browser left with another of its JWTs', async () => {
    const app = await openApp({ cookies: { session_token: false } })
    const jar = createCookieJar(app.url)
    const browser = createBrowser(jar, [app])
    await browser.signIn(0, 'member')
    testServer.clock.advance(310)
    await browser.hold(0, '/held')
    const first = jar.get('stytch_session_jwt')
    testServer.clock.advance(310)
    await browser.check(app)
    expect(jar.get('stytch_session_jwt')).not.toBe(first)
    await browser.signIn(0, 'editor')
    await browser.release(0)
  })
})
