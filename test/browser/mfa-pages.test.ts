import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import express from 'express'
import jsqr from 'jsqr'
import { createMemberAuth } from 'membergate/express'
import type { BrowserContext, Page } from 'playwright-core'
import { PNG } from 'pngjs'
import { describeInChromium } from '../support/browser.ts'
import { password, totp_secret } from '../support/people.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'
import { totpCode } from '../support/totp-code.ts'
import { accessibilityProblems } from './accessibility.ts'
import { clickThrough, onEachScreen } from './look.ts'

/** A member of their own for every test that uses one up, whose name the sign-in page takes. */
const members = [
  { name: 'new' },
  { name: 'phone' },
  { name: 'lost', totp_secret },
  { name: 'late', totp_secret },
  { name: 'locked', totp_secret }
].map(({ name, ...rest }) => ({
  email_address: `${name}@acme.test`,
  password,
  mfa_enrolled: true,
  ...rest
}))

describeInChromium('the pages of mfaRoutes in a browser', (browser) => {
  let testServer: TestServer
  let server: Server
  let origin: string
  let context: BrowserContext
  let page: Page
  let complaints: string[]

  beforeAll(async () => {
    testServer = await openTestServer(members)
    server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    origin = `http://localhost:${(server.address() as AddressInfo).port}`
    server.on('request', createApp())
  })
  afterAll(async () => {
    server.close()
    await testServer.close()
  })
  beforeEach(async () => {
    context = await browser().newContext({ baseURL: origin })
    context.setDefaultTimeout(10_000)
    page = await context.newPage()
    complaints = []
    page.on('pageerror', ({ message }) => complaints.push(message))
    page.on('console', (message) => {
      // Chromium says of each refusal that the answer was one.
      if (!message.text().startsWith('Failed to load resource: the server responded')) {
        complaints.push(message.text())
      }
    })
    page.on('requestfailed', (request) => complaints.push(`${request.url()} failed`))
  })
  afterEach(async () => {
    await context.close()
    expect(complaints).toEqual([])
  })

  function createApp() {
    const { url, project_id, secret } = testServer.authority
    const { now } = testServer.clock
    const loginPath = '/sign-in'
    const auth = createMemberAuth({ url, project_id, secret, now, origin, loginPath })
    const app = express()
    app.get('/sign-in', (_req, res) => {
      res.send('<!doctype html><title>Sign in</title><form method="post"><input name="name">')
    })
    app.post('/sign-in', express.urlencoded({ extended: false }), async (req, res) => {
      const result = await testServer.authenticate(`${req.body.name}@acme.test`)
      res.redirect(303, (await auth.completeSignIn(req, res, result, req.query)).next)
    })
    app.use(auth.mfaRoutes(), auth.handleMfaRedirect(), auth.requireMemberSession())
    app.get('/vault', auth.requireRecentFactor({ withinMinutes: 5 }), (_req, res) => {
      res.send('<!doctype html><title>Vault</title>')
    })
    app.get('/{*path}', (_req, res) => {
      res.send('<!doctype html><title>Home</title>')
    })
    return app
  }

  async function signIn(name: string, at = '/sign-in?return_to=%2Fdeep%3Fa%3D1'): Promise<void> {
    await page.goto(at)
    await page.locator('input').fill(name)
    await page.keyboard.press('Enter')
    await page.waitForURL((url) => !url.pathname.startsWith('/sign-in'))
  }

  /** Keeps a picture, and checks what each page has to keep to. */
  async function look(picture: string): Promise<void> {
    await onEachScreen(page, async (screen) => {
      const path = `test-output/mfa-pages/${picture}-${screen}.png`
      await page.screenshot({ path, fullPage: true })
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      expect(overflow).toBeLessThanOrEqual(0)
      expect(await accessibilityProblems(page)).toEqual([])
    })
  }

  const place = () => page.url().replace(origin, '')
  const problem = () => page.getByRole('alert').textContent()

  function press(name: string): Promise<void> {
    return clickThrough(page, page.getByRole('button', { name, exact: true }))
  }

  async function enter(code: string): Promise<void> {
    await page.getByLabel('Six-digit code').fill(code)
    await press('Continue')
  }

  function received(): string {
    const [{ code = '' } = {}] = testServer.authority.outbox()
    return code
  }

  test('sets up an authenticator from its picture, and shows recovery codes once', async () => {
    await signIn('new')
    expect(place()).toBe('/mfa/enroll')
    await look('enroll')
    await press('Use an authenticator app')
    expect(await page.evaluate('scrollY')).toBe(0)
    await look('totp-shown')
    const picture = await page.getByRole('img').screenshot()
    const secret = new URL(readQrCode(picture)).searchParams.get('secret') ?? ''
    await page.getByText('No camera?').click()
    await look('totp-shown-key')
    const key = await page.locator('details code').textContent()
    expect(key?.replaceAll(' ', '')).toBe(secret)
    const codes = await page.locator('.codes code').allTextContents()
    expect(codes).toHaveLength(10)

    await enter('000000')
    expect(await problem()).toMatch('That code is not right')
    expect(await page.title()).toMatch(/^Problem: /)
    expect(await page.locator('input:focus').getAttribute('name')).toBe('code')
    const shownAgain = await page.content()
    for (const code of [...codes, secret]) expect(shownAgain).not.toContain(code)
    await look('totp-refused')
    await enter(totpCode(secret, testServer.clock.now()))
    expect(place()).toBe('/deep?a=1')
  })

  test('sets up a phone, and signs in by it', async () => {
    await signIn('phone')
    await page.getByLabel('Phone number').fill('12')
    await press('Send me a code')
    expect(await problem()).toMatch('Write the number with +')
    await look('phone-refused')
    await page.getByLabel('Phone number').fill('+1 202 555 0143')
    await press('Send me a code')
    expect(place()).toBe('/mfa/sms')
    await look('sms')
    await enter('000000')
    expect(await problem()).toMatch('That code is not right')
    await look('sms-refused')
    await enter(received())
    expect(place()).toBe('/deep?a=1')

    await context.clearCookies()
    testServer.clock.advance(61)
    // A minute that ends in between would allow another message.
    await testServer.clock.whileStanding(async () => {
      await signIn('phone')
      expect(place()).toBe('/mfa/sms')
      expect(await page.getByText('ending in 0143').count()).toBe(1)
      await press('Send another code')
      expect(await problem()).toMatch('Wait a few minutes')
      await enter(received())
      expect(place()).toBe('/deep?a=1')
    })
  })

  test('steps up, and comes back', async () => {
    await signIn('lost')
    await enter(testServer.totpCode())
    testServer.clock.advance(301)
    await page.goto('/vault')
    expect(place()).toBe('/mfa/step-up/totp?return_to=%2Fvault')
    await look('step-up')
    await enter(testServer.totpCode())
    expect(place()).toBe('/vault')
  })

  test('lets who lost the app in by a recovery code, once', async () => {
    const { member_id } = (await testServer.authenticate('lost@acme.test')).member
    const { recovery_codes } = await testServer.client.recoveryCodes.get({
      organization_id: 'acme',
      member_id
    })
    const [code = ''] = recovery_codes
    for (const outcome of ['taken', 'used up']) {
      await context.clearCookies()
      await signIn('lost')
      await clickThrough(page, page.getByRole('link', { name: 'Use a recovery code' }))
      if (outcome === 'taken') await look('recovery')
      await page.getByLabel('Recovery code').fill(code)
      await press('Continue')
      if (outcome === 'taken') expect(place()).toBe('/deep?a=1')
      else expect(await problem()).toMatch('was used already')
    }
    await look('recovery-refused')
  })

  test('tells who guessed too often what helps', async () => {
    await signIn('locked')
    const held = await context.cookies()
    for (const round of [1, 2]) {
      await context.clearCookies()
      await signIn('locked')
      for (let guess = 0; guess < 5; guess += 1) await enter('000000')
      expect([round, await problem()]).toEqual([round, expect.stringMatching('not right')])
    }
    await context.clearCookies()
    await context.addCookies(held)
    await page.goto('/mfa/totp')
    await enter(testServer.totpCode())
    expect(await page.getByRole('heading').textContent()).toBe('Too many codes were wrong')
    await look('locked')
  })

  test('tells who comes too late to sign in again', async () => {
    await signIn('late')
    testServer.clock.advance(601)
    await enter(testServer.totpCode())
    expect(await page.getByRole('heading').textContent()).toBe('Please sign in again')
    await look('over')
    await clickThrough(page, page.getByRole('link', { name: 'Sign in again' }))
    await page.waitForURL('**/sign-in')
  })
})

function readQrCode(picture: Buffer): string {
  const { data, width, height } = PNG.sync.read(picture)
  return jsqr.default(new Uint8ClampedArray(data), width, height)?.data ?? ''
}
