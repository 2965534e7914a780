import {
  afterAll,
  afterEach,
  beforeAll,
  beforeEach,
  describe,
  expect,
  jest,
  test
} from '@jest/globals'
import type { BrowserContext, Page } from 'playwright-core'
import { password } from '../../examples/b2b/seed.ts'
import { describeInChromium } from '../support/browser.ts'
import { type B2b, frameworksFor, openB2b } from './b2b-fixture.ts'
import { clickThrough, lookAt } from './look.ts'

export interface Someone {
  readonly email_address: string
  readonly password?: string
}

/** What a person does in a browser, one page at a time. */
export type Journey = ReturnType<typeof createJourney>

/** Runs a suite on the framework whose turn it is, and afterwards searches what it left behind for secrets. */
export function describeB2b(
  title: string,
  on: 'Express' | 'Koa',
  suite: (journey: Journey) => void
): void {
  jest.setTimeout(60_000)

  describeInChromium(`the B2B example: ${title}`, (browser) => {
    describe.each(frameworksFor(on))('$name', ({ name, listenerOf }) => {
      let complaints: string[]
      const journey = createJourney(newContext, name === on)

      beforeAll(async () => {
        journey.fixture = await openB2b(listenerOf)
      })

      afterAll(() => journey.fixture.close())

      beforeEach(async () => {
        complaints = []
        journey.fixture.advance(61)
        journey.context = await newContext()
        journey.page = await journey.context.newPage()
      })

      afterEach(async () => {
        await journey.fixture.overheard.settled()
        await journey.context.close()
        expect(complaints).toEqual([])
      })

      async function newContext(): Promise<BrowserContext> {
        const context = await browser().newContext({ baseURL: journey.fixture.origin })
        context.setDefaultTimeout(20_000)
        journey.fixture.overheard.watch(context)
        context.on('weberror', ({ error }) => complaints.push(error().message))
        context.on('console', (message) => {
          if (message.text().includes('Content Security Policy')) complaints.push(message.text())
        })
        return context
      }

      suite(journey)

      test('no URL, redirect, log or event has held a token or a code, and only events an id', () => {
        const { secrets, urls, locations, logged, events } = journey.fixture.overheard
        for (const { token, code } of journey.fixture.outbox()) {
          for (const each of [token, code]) if (each !== undefined) secrets.add(each)
        }
        expect(secrets.size).toBeGreaterThan(20)
        expect(locations.length).toBeGreaterThan(20)
        expect(events.length).toBeGreaterThan(0)
        // An e-mail's link is where its token comes in; it is posted from there.
        const ofLinks = /^GET \S+\/sign-in\/(?:link|member-link|reset)\?/
        const overheard = [...urls.filter((url) => !ofLinks.test(url)), ...locations, ...logged]
        for (const text of [...overheard, ...events]) {
          const held = [...secrets].filter((secret) => text.includes(secret))
          expect({ text, held }).toEqual({ text, held: [] })
        }
        for (const text of overheard) expect(text).not.toMatch(/-(?:test|live)-[0-9a-f]{8}-/)
      })
    })
  })
}

/** @param takesPictures both frameworks share their pages: the pictures of one are enough */
function createJourney(newContext: () => Promise<BrowserContext>, takesPictures: boolean) {
  const journey = {
    // Set before each test.
    fixture: undefined as unknown as B2b,
    context: undefined as unknown as BrowserContext,
    page: undefined as unknown as Page,

    newContext,
    place: () => journey.page.url().replace(journey.fixture.origin, ''),
    heading: () => journey.page.getByRole('heading', { level: 1 }).textContent(),
    alert: () => journey.page.getByRole('alert').textContent(),
    fill: (label: string, text: string) =>
      journey.page.getByLabel(label, { exact: true }).fill(text),

    press: (text: string) =>
      clickThrough(journey.page, journey.page.getByRole('button', { name: text, exact: true })),

    follow: (text: string) =>
      clickThrough(journey.page, journey.page.getByRole('link', { name: text, exact: true })),

    async look(picture: string) {
      const content = await journey.page.content()
      for (const { value } of await journey.context.cookies()) expect(content).not.toContain(value)
      if (takesPictures) await lookAt(journey.page, picture)
    },

    async signIn(someone: Someone, organization = 'acme', path = '/sign-in/password') {
      await journey.page.goto(path)
      await journey.fill('Organization', organization)
      await journey.fill('E-mail address', someone.email_address)
      await journey.fill('Password', someone.password ?? password)
      await journey.press('Sign in')
    },

    /** From wherever the form is: asks for a link, and follows it out of the outbox. */
    async signInByLink(email_address: string) {
      await journey.fill('E-mail address', email_address)
      await journey.press('E-mail me a link')
      expect(await journey.heading()).toBe('Look into your mailbox')
      await journey.followNewest(email_address)
      await journey.press('Continue')
    },

    async followNewest(email_address: string) {
      const { link = '' } = journey.fixture.sentTo(email_address) ?? {}
      await journey.page.goto(link)
    },

    newestCode: (phone: string) => journey.fixture.sentTo(phone)?.code ?? '',

    async enterCode(code: string) {
      journey.fixture.overheard.secrets.add(code)
      await journey.fill('Six-digit code', code)
      await journey.press('Continue')
    }
  }
  return journey
}
