import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals'
import jsqr from 'jsqr'
import { createMemberAuth } from 'membergate/express'
import type { BrowserContext, Locator, Page } from 'playwright-core'
import { PNG } from 'pngjs'
import { createApp } from '../../examples/express-basic/app.ts'
import { ada, alan, grace, katherine } from '../../examples/seed.ts'
import { type Example, openExample } from '../examples/open-example.ts'
import { describeInChromium } from '../support/browser.ts'
import { accessibilityProblems } from './accessibility.ts'
import { clickThrough, onEachScreen } from './look.ts'

interface Person {
  readonly email_address: string
  readonly password: string
}

describeInChromium('examples/express-basic in a browser', (browser) => {
  let server: Server
  let origin: string
  let example: Example

  beforeAll(async () => {
    server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    origin = `http://localhost:${(server.address() as AddressInfo).port}`
    example = await openExample((options) => {
      const paths = { loginPath: '/sign-in', mfaPath: '/mfa' }
      return createApp(createMemberAuth({ ...options, ...paths, onRefusal: 'next' }))
    }, origin)
    server.on('request', example.listener)
  })

  afterAll(async () => {
    server.close()
    await example.close()
  })
  let context: BrowserContext
  let page: Page
  let complaints: string[]

  beforeEach(async () => {
    context = await browser().newContext({ baseURL: origin })
    context.setDefaultTimeout(10_000)
    page = await context.newPage()
    complaints = []
    page.on('pageerror', (error) => complaints.push(error.message))
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) complaints.push(message.text())
    })
  })

  afterEach(async () => {
    await context.close()
    expect(complaints).toEqual([])
  })

  /** Keeps a picture, and checks what is easily seen in one: nothing is cut off at the side. */
  async function look(picture: string) {
    await page.waitForLoadState()
    await onEachScreen(page, async (screen) => {
      const path = `test-output/express-basic/${picture}-${screen}.png`
      await page.screenshot({ path }).catch(() => page.screenshot({ path }))
      const overflow = await page.evaluate('document.documentElement.scrollWidth - innerWidth')
      expect(overflow).toBeLessThanOrEqual(0)
      expect(await accessibilityProblems(page)).toEqual([])
    })
  }

  function press(name: string, within: Page | Locator = page) {
    return clickThrough(page, within.getByRole('button', { name }))
  }

  async function signIn({ email_address, password }: Person, organization = 'acme') {
    await page.getByLabel('Organization').fill(organization)
    await page.getByLabel('E-mail address').fill(email_address)
    await page.getByLabel('Password').fill(password)
    await press('Sign in')
  }

  async function enterCode(code: string) {
    await page.getByLabel('Six-digit code').fill(code)
    await press('Continue')
  }

  async function cookieNames() {
    return (await context.cookies()).map((cookie) => cookie.name).sort()
  }

  function place() {
    return page.url().replace(origin, '')
  }

  test('signs an ordinary member in, shows the list, and signs out', async () => {
    await page.goto('/')
    expect(place()).toBe('/sign-in?return_to=%2F')
    await look('sign-in')
    await signIn(grace)
    expect(place()).toBe('/members')
    expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Members')
    expect(await page.getByRole('row').count()).toBe(4)
    expect(await page.getByText('Edit').count()).toBe(0)
    await look('members')

    expect(await cookieNames()).toEqual(['stytch_session', 'stytch_session_jwt'])
    expect((await context.cookies()).every(({ httpOnly }) => httpOnly)).toBe(true)

    await press('Sign out')
    expect(place()).toBe('/sign-in')
    expect(await cookieNames()).toEqual([])
    await page.goto('/members')
    expect(place()).toBe('/sign-in?return_to=%2Fmembers')
  })

  test('says that a password is wrong, and lets the member try again by keyboard', async () => {
    await page.goto('/sign-in')
    await signIn({ ...grace, password: 'wrong' })
    expect(await page.getByRole('alert').textContent()).toMatch('password is wrong')
    expect(await page.getByLabel('E-mail address').inputValue()).toBe(grace.email_address)
    expect(await page.getByLabel('Password').inputValue()).toBe('')
    expect(await page.locator('input:focus').getAttribute('name')).toBe('password')
    await look('sign-in-refused')
    // The look went through all controls.
    await page.getByLabel('Password').focus()
    await page.keyboard.type(grace.password)
    await page.keyboard.press('Enter')
    await page.waitForURL('**/members')
  })

  test('lets the administrator rename a member', async () => {
    await page.goto('/sign-in')
    await signIn(ada)
    const row = page.getByRole('row', { name: grace.email_address })
    await row.getByText('Edit').click()
    await look('members-edit')
    await row.getByLabel('New name').fill('Grace "Amazing" <Hopper>')
    await press('Save', row)
    expect(await page.getByRole('status').textContent()).toBe('The new name is saved.')
    expect(await row.textContent()).toContain('Grace "Amazing" <Hopper>')
    await look('members-saved')
  })

  test('refuses an edit that an ordinary member sends, and says so kindly', async () => {
    await page.goto('/sign-in')
    await signIn(grace)
    await page.waitForURL('**/members')
    await page.evaluate(`
        const form = document.createElement('form')
        form.method = 'post'
        form.action = '/members/anybody'
        form.innerHTML = '<input name="name" value="Admiral">'
        document.body.append(form)
        form.submit()`)
    await page.waitForURL('**/members/anybody')
    const heading = page.getByRole('heading', { level: 1 })
    expect(await heading.textContent()).toBe('Only administrators may do this')
    await look('not-allowed')
    await clickThrough(page, page.getByRole('link', { name: 'Back to the members' }))
    expect(place()).toBe('/members')
  })

  test('asks for a code after the password, and resumes the deep link', async () => {
    await page.goto('/members?page=2')
    await signIn(alan)
    expect(place()).toBe('/mfa/totp')
    await look('code')
    expect(await cookieNames()).toEqual(['membergate_sign_in', 'stytch_intermediate_session'])
    expect(await page.content()).not.toContain(
      (await context.cookies()).find((cookie) => cookie.name === 'stytch_intermediate_session')
        ?.value
    )

    await page.goto('/members?page=3')
    expect(place()).toBe('/mfa/totp')

    await enterCode('000000')
    expect(await page.getByRole('alert').textContent()).toMatch('wrong or used up')
    await look('code-refused')
    await enterCode(example.nextCode())
    expect(place()).toBe('/members?page=3')
    expect(await cookieNames()).toEqual(['stytch_session', 'stytch_session_jwt'])
  })

  test('resumes the deep link of a member without a second factor', async () => {
    await page.goto('/members?page=2')
    await signIn(grace)
    expect(place()).toBe('/members?page=2')
  })

  test('lets a member set up an authenticator from the picture, where one is demanded', async () => {
    await page.goto('/members?page=2')
    await signIn(katherine, 'globex')
    expect(place()).toBe('/mfa/enroll')
    await look('enroll')
    await press('Show the QR code')
    await page.getByText('No camera?').click()
    await look('scan')
    const picture = await page.getByRole('img').screenshot()
    const secret = new URL(readQrCode(picture)).searchParams.get('secret') ?? ''
    expect((await page.locator('code').textContent())?.replaceAll(' ', '')).toBe(secret)
    await enterCode(example.nextCode(secret))
    expect(place()).toBe('/members?page=2')
    expect(await page.getByText('Globex', { exact: true }).count()).toBe(1)
  })

  test('explains a sign-in that is over', async () => {
    await page.goto('/mfa/totp')
    expect(await page.getByRole('alert').textContent()).toMatch('This sign-in is over')
    await look('sign-in-over')
  })

  test('says that text messages are not offered', async () => {
    await page.goto('/mfa/sms')
    await look('sms')
    await clickThrough(page, page.getByRole('link', { name: 'Start over' }))
    expect(place()).toBe('/sign-in')
  })
})

function readQrCode(picture: Buffer): string {
  const { data, width, height } = PNG.sync.read(picture)
  const scan = jsqr.default(new Uint8ClampedArray(data), width, height)
  return scan?.data ?? ''
}
