import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { BrowserContext, Page } from 'playwright-core'
import { ada, alan, grace, hedy, katherine, password } from '../../examples/b2b/seed.ts'
import { describeInChromium } from '../support/browser.ts'
import { type B2b, frameworks, openB2b } from './b2b-world.ts'
import { lookAt } from './look.ts'

describeInChromium('the B2B example in a browser', (browser) => {
  describe.each(frameworks)('$name', ({ name, listenerOf }) => {
    let world: B2b
    let context: BrowserContext
    let page: Page
    let complaints: string[]

    beforeAll(async () => {
      world = await openB2b(listenerOf)
    }, 60_000)

    afterAll(() => world.close())

    beforeEach(async () => {
      complaints = []
      world.advance(61)
      context = await newContext()
      page = await context.newPage()
    })

    afterEach(async () => {
      await context.close()
      expect(complaints).toEqual([])
    })

    async function newContext(): Promise<BrowserContext> {
      const opened = await browser().newContext({ baseURL: world.origin })
      opened.setDefaultTimeout(10_000)
      world.overheard.watch(opened)
      opened.on('weberror', ({ error }) => complaints.push(error().message))
      opened.on('console', (message) => {
        if (message.text().includes('Content Security Policy')) complaints.push(message.text())
      })
      return opened
    }

    /** Both frameworks share their pages: the pictures of one are enough. */
    async function look(picture: string): Promise<void> {
      await world.overheard.keepSecretsOf(context)
      if (name === 'express-b2b') await lookAt(page, picture)
    }

    const place = () => page.url().replace(world.origin, '')
    const heading = () => page.getByRole('heading', { level: 1 }).textContent()
    const press = (text: string) => page.getByRole('button', { name: text, exact: true }).click()
    const follow = (text: string) => page.getByRole('link', { name: text, exact: true }).click()
    const fill = (label: string, text: string) => page.getByLabel(label, { exact: true }).fill(text)
    const alert = () => page.getByRole('alert').textContent()

    interface Someone {
      readonly email_address: string
      readonly password?: string
    }

    async function signIn(someone: Someone, organization = 'acme', path = '/sign-in/password') {
      await page.goto(path)
      await fill('Organization', organization)
      await fill('E-mail address', someone.email_address)
      await fill('Password', someone.password ?? password)
      await press('Sign in')
    }

    /** From wherever the form is: asks for a link, and follows it out of the outbox. */
    async function signInByLink(email_address: string) {
      await fill('E-mail address', email_address)
      await press('E-mail me a link')
      expect(await heading()).toBe('Look into your mailbox')
      await followNewest(email_address)
      await press('Continue')
    }

    async function followNewest(email_address: string) {
      const { link = '', token = '' } = world.sentTo(email_address) ?? {}
      world.overheard.secrets.add(token)
      await page.goto(link)
    }

    function newestCode(phone: string): string {
      const code = world.sentTo(phone)?.code ?? ''
      world.overheard.secrets.add(code)
      return code
    }

    async function enterCode(code: string) {
      world.overheard.secrets.add(code)
      await fill('Six-digit code', code)
      await press('Continue')
    }

    test('a page that was opened deep is resumed after link, organization and TOTP; back leads nowhere wrong', async () => {
      await page.goto('/o/acme/reports?quarter=2')
      expect(place()).toBe('/sign-in?return_to=%2Fo%2Facme%2Freports%3Fquarter%3D2')
      await look('01-sign-in')
      await fill('E-mail address', alan.email_address)
      await press('E-mail me a link')
      await look('02-sent')
      await followNewest(alan.email_address)
      await look('03-link')
      await press('Continue')
      expect(place()).toBe('/organizations')
      await look('04-choose-one')
      await press('Acme Rockets Asks for a second factor')
      expect(place()).toBe('/mfa/totp')
      await look('05-totp')
      await enterCode(world.nextCode(alan.totp_secret))
      expect(place()).toBe('/o/acme/reports?quarter=2')
      expect(await page.locator('main .badge').allTextContents()).toEqual(['analyst'])
      await look('06-reports')

      await page.goBack()
      expect(place()).toBe('/o/acme')
    })

    test('somebody new creates an organization, after a name that will not do', async () => {
      await page.goto('/')
      await signInByLink('linus@newco.example')
      expect(await heading()).toBe('Create your organization')
      await look('08-create')
      await fill('Its name', ' ')
      await press('Create it')
      await look('09-create-refused')
      await fill('Its name', 'Newco')
      await press('Create it')
      expect(place()).toMatch(/^\/o\/newco-[\w-]+$/)
      expect(await page.title()).toBe('Overview · Newco · Roster')
      await look('10-overview')
      await page.goto('/sign-in')
      expect(await page.getByText('You are signed in to newco').count()).toBe(1)
      await look('11-already-signed-in')
      await follow('Go on there')
      expect(place()).toMatch(/^\/o\/newco-[\w-]+$/)
    })

    test('a wrong password is said above and at its field, and mended by keyboard', async () => {
      await signIn({ ...grace, password: 'wrong' })
      expect(await alert()).toMatch('password is wrong')
      expect(await page.title()).toMatch(/^Problem: /)
      expect(await page.locator('input:focus').getAttribute('id')).toBe('password')
      expect(await page.getByLabel('Password').getAttribute('aria-describedby')).toBe('problem')
      await look('12-password-refused')
      await page.keyboard.type(password)
      await page.keyboard.press('Enter')
      await page.waitForURL('**/o/acme')
    })

    test('another primary factor is asked for where a link is not enough', async () => {
      await page.goto('/o/umbra/account')
      await signInByLink(grace.email_address)
      await look('13-choose-of-four')
      await press('Umbra Bank Asks for another way to sign in')
      expect(place()).toBe('/sign-in')
      expect(await heading()).toBe('One more step for Umbra Bank')
      await look('14-primary')
      await page.goto('/o/umbra')
      expect(place()).toBe('/sign-in')
      await fill('Password for Umbra Bank', 'wrong')
      await press('Continue')
      expect(await alert()).toMatch('password is wrong')
      await fill('Password for Umbra Bank', password)
      await press('Continue')
      expect(place()).toBe('/o/umbra')
    })

    test('a password opens one organization: to switch, a link is sent, and the sign-in goes on', async () => {
      await signIn(grace)
      expect(place()).toBe('/o/acme')
      await follow('Switch')
      await look('15-switch')
      await press('Initech Asks for another way to sign in')
      expect(await heading()).toBe('One more step for Initech')
      await press('E-mail me a link')
      await look('16-primary-sent')
      await followNewest(grace.email_address)
      expect(place()).toMatch(/^\/sign-in\/member-link\?/)
      await press('Continue')
      expect(place()).toBe('/o/initech')
    })

    test('a member who must enrols an authenticator, signs in with it, and by a recovery code', async () => {
      await signIn(katherine, 'globex', '/sign-in/password?return_to=%2Fo%2Fglobex%2Fmembers')
      expect(place()).toBe('/mfa/enroll')
      await look('17-enroll')
      await press('Use an authenticator app')
      await page.getByText('No camera?').click()
      const texts = await page.locator('code').allTextContents()
      const [secret = '', ...codes] = texts.map((text) => text.replaceAll(' ', ''))
      for (const each of [secret, ...codes]) world.overheard.secrets.add(each)
      await look('18-totp-shown')
      await enterCode(world.nextCode(secret))
      expect(place()).toBe('/o/globex/members')
      await look('19-members')
      await press('Sign out')
      expect(place()).toBe('/sign-in')

      await signIn(katherine, 'globex')
      expect(place()).toBe('/mfa/totp')
      await follow('Use a recovery code')
      await fill('Recovery code', 'abcd-efgh-ijkl')
      await press('Continue')
      expect(await alert()).toMatch('not right')
      await look('20-recovery-refused')
      await fill('Recovery code', codes[0] ?? '')
      await press('Continue')
      expect(place()).toBe('/o/globex')
    })

    test('a switch asks for the second factor of the target: a phone is enrolled, then challenged', async () => {
      await page.goto('/o/acme')
      await signInByLink(grace.email_address)
      await press('Acme Rockets')
      expect(place()).toBe('/o/acme')
      await follow('Switch')
      await press('Initech')
      expect(place()).toBe('/o/initech')

      await follow('Switch')
      await press('Globex Asks for a second factor')
      expect(place()).toBe('/mfa/enroll')
      await page.goto('/o/initech')
      expect(place()).toBe('/o/initech')
      await page.goto('/mfa')
      expect(place()).toBe('/mfa/enroll')
      await page.getByLabel('Phone number').fill('12')
      await press('Send me a code')
      await look('21-phone-refused')
      await page.getByLabel('Phone number').fill('+1 202 555 0142')
      await press('Send me a code')
      expect(place()).toBe('/mfa/sms')
      await look('22-sms')
      await enterCode(newestCode('+12025550142'))
      expect(place()).toBe('/o/globex')

      await follow('Switch')
      await press('Acme Rockets')
      expect(place()).toBe('/o/acme')
      world.advance(61)
      await follow('Switch')
      await page.getByRole('button', { name: /^Globex/ }).click()
      expect(place()).toMatch(/^\/(mfa\/sms|o\/globex)$/)
    })

    test('a code by text message is sent by itself, and another on request', async () => {
      await page.goto('/o/acme/account')
      await follow('Use a password instead')
      await fill('Organization', 'acme')
      await fill('E-mail address', hedy.email_address)
      await fill('Password', password)
      await press('Sign in')
      expect(place()).toBe('/mfa/sms')
      const first = newestCode(hedy.mfa_phone_number)
      expect(first).toMatch(/^\d{6}$/)
      await press('Send another code')
      expect(await alert()).toMatch('Wait a few minutes')
      await look('23-sms-too-soon')
      world.advance(61)
      await press('Send another code')
      const second = newestCode(hedy.mfa_phone_number)
      await enterCode(first === second ? '000000' : first)
      expect(await alert()).toMatch('newest message')
      await look('24-sms-refused')
      await enterCode(second)
      expect(place()).toBe('/o/acme/account')
      await look('25-account')
    })

    test('wrong codes end the sign-in after five and lock the member after ten, for an hour', async () => {
      const claude = { email_address: 'claude@acme.example' }
      const secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXQ'
      await signIn(claude)
      for (const code of ['000000', '000001', '000002', '000003', '000004']) await enterCode(code)
      await enterCode('000005')
      expect(await heading()).toBe('Please sign in again')
      await look('26-sign-in-over')
      await page.goto('/o/acme')
      expect(place()).toBe('/sign-in?return_to=%2Fo%2Facme')

      await signIn(claude)
      for (const code of ['000000', '000001', '000002', '000003']) await enterCode(code)
      const elsewhere = await context.newPage()
      const here = page
      page = elsewhere
      await signIn({ ...claude, password: 'wrong' })
      page = here
      await enterCode(world.nextCode(secret))
      expect(await heading()).toBe('This account is locked')
      await look('27-locked')
      await page.goto('/o/acme')
      expect(place()).toBe('/mfa/locked')
      await signIn(claude)
      expect(await alert()).toMatch('locked')
      await look('28-locked-sign-in')

      world.advance(3601)
      await signIn(claude)
      await enterCode(world.nextCode(secret))
      expect(place()).toBe('/o/acme')
    })

    test('a sign-in that waited longer than ten minutes begins anew', async () => {
      await signIn(alan)
      expect(place()).toBe('/mfa/totp')
      world.advance(601)
      await enterCode(world.nextCode(alan.totp_secret))
      await look('29-too-late')
      await page.goto('/o/acme/members')
      expect(place()).toBe('/sign-in?return_to=%2Fo%2Facme%2Fmembers')
      await signInByLink(alan.email_address)
      world.advance(601)
      await page.reload()
      expect(place()).toBe('/sign-in')
    })

    test('of two tabs in two organizations, the one that was left acts in neither', async () => {
      await page.goto('/')
      await signInByLink(grace.email_address)
      await press('Acme Rockets')
      await page.goto('/o/acme/account')
      expect(await page.title()).toBe('Account · Acme Rockets · Roster')

      const left = page
      page = await context.newPage()
      await page.goto('/organizations')
      await press('Initech')
      expect(await page.title()).toBe('Overview · Initech · Roster')

      const right = page
      page = left
      await press('Sign out everywhere')
      expect(place()).toBe('/organizations')
      expect(await heading()).toBe('That is another organization')
      await page.goto('/o/acme/members')
      expect(place()).toBe('/organizations?return_to=%2Fo%2Facme%2Fmembers')
      expect(await heading()).toBe('That is another organization')
      await look('30-other-organization')
      await right.reload()
      expect(await right.title()).toBe('Overview · Initech · Roster')
      await press('Acme Rockets')
      expect(place()).toBe('/o/acme/members')
      await right.reload()
      expect(right.url()).toBe(`${world.origin}/organizations?return_to=%2Fo%2Finitech`)
    })

    test('a password is changed after a step-up, which comes back to where it was asked for', async () => {
      await signIn(alan)
      await enterCode(world.nextCode(alan.totp_secret))
      world.advance(310)
      await page.goto('/o/acme/account')
      await follow('Change the password')
      expect(place()).toBe('/mfa/step-up/totp?return_to=%2Fo%2Facme%2Faccount%2Fpassword')
      await look('31-step-up')
      await enterCode(world.nextCode(alan.totp_secret))
      expect(place()).toBe('/o/acme/account/password')
      await fill('New password', 'password')
      await press('Change it')
      expect(await alert()).toMatch('too easy to guess')
      await look('32-weak-password')
      await fill('New password', 'orbit walnut cathedral seventeen')
      await press('Change it')
      expect(place()).toBe('/o/acme/account?changed')
      await look('33-changed')
      await signIn(alan)
      expect(await alert()).toMatch('password is wrong')
    })

    test('who has no second factor steps up by signing in, and comes back', async () => {
      await signIn(ada)
      world.advance(310)
      await page.goto('/o/acme/account/password')
      expect(place()).toBe('/sign-in?return_to=%2Fo%2Facme%2Faccount%2Fpassword')
      await follow('Use a password instead')
      await fill('Organization', 'acme')
      await fill('E-mail address', ada.email_address)
      await fill('Password', password)
      await press('Sign in')
      expect(place()).toBe('/o/acme/account/password')
    })

    test('a member who is signed in sets up a second factor, and comes back to where it was asked for', async () => {
      await signIn({ email_address: 'barbara@acme.example' })
      await page.goto('/o/acme/account')
      await follow('Set one up')
      await press('Use an authenticator app')
      const [secret = ''] = await page.locator('details code').allTextContents()
      await enterCode(world.nextCode(secret.replaceAll(' ', '')))
      expect(place()).toBe('/o/acme/account')
      await follow('Set up another')
      expect(await page.getByRole('button', { name: 'Use an authenticator app' }).count()).toBe(0)
      await page.getByLabel('Phone number').fill('+12025550144')
      await press('Send me a code')
      expect(place()).toMatch(/^\/mfa\/sms\?return_to=.*&sent=1$/)
      await enterCode(newestCode('+12025550144'))
      expect(
        await page.getByText('Set up: authenticator app and phone ending in 0144.').count()
      ).toBe(1)
      await look('40-both-factors')

      world.advance(610)
      await signIn({ email_address: 'annie@acme.example' })
      world.advance(610)
      await page.goto('/mfa/enroll')
      await press('Use an authenticator app')
      expect(place()).toBe('/sign-in')
    })

    test('a forgotten password is reset by e-mail, and nobody learns who is a member', async () => {
      await page.goto('/sign-in/forgot')
      await fill('Organization', 'acme')
      await fill('E-mail address', 'nobody@acme.example')
      await look('34-forgot')
      await press('E-mail me a link')
      expect(place()).toBe('/sign-in/sent')
      expect(world.sentTo('nobody@acme.example')).toBeUndefined()

      await page.goto('/sign-in/forgot')
      await fill('Organization', 'acme')
      await fill('E-mail address', 'annie@acme.example')
      await press('E-mail me a link')
      expect(place()).toBe('/sign-in/sent')
      await followNewest('annie@acme.example')
      await fill('New password', 'password')
      await press('Set the password')
      expect(await alert()).toMatch('too easy to guess')
      await look('35-reset-refused')
      await fill('New password', 'violet harbour umbrella thirteen')
      await press('Set the password')
      expect(place()).toBe('/o/acme')
      await followNewest('annie@acme.example')
      await fill('New password', 'another harbour umbrella thirteen')
      await press('Set the password')
      expect(await alert()).toMatch('used already')
    })

    test('an administrator invites, and nobody else', async () => {
      await signIn(ada)
      await page.goto('/o/acme/members')
      await fill('Name', 'Mary Jackson')
      await fill('E-mail address', 'mary@acme.example')
      await press('Send the invitation')
      expect(await page.getByRole('status').textContent()).toBe('The invitation is on its way.')
      expect(await page.getByRole('row', { name: 'Mary Jackson' }).textContent()).toMatch('invited')
      await look('36-invited')
      await press('Sign out')

      await followNewest('mary@acme.example')
      await press('Continue')
      expect(place()).toBe('/o/acme')
      await page.goto('/o/acme/members')
      expect(await page.getByRole('row', { name: 'Mary Jackson' }).textContent()).not.toMatch('inv')
      expect(await page.getByRole('button', { name: 'Send the invitation' }).count()).toBe(0)
      await page.evaluate(`
        document.querySelector('form').action = '/o/acme/members'
        document.querySelector('form').submit()`)
      await page.waitForURL('**/o/acme/members')
      expect(await heading()).toBe('Your roles do not allow this')
      await look('37-not-allowed')
      await page.goto('/o/acme/reports')
      expect(await heading()).toBe('Your roles do not allow this')
      await followNewest('mary@acme.example')
      await press('Continue')
      expect(await alert()).toMatch('used already')
      await look('38-link-used')
    })

    test('signing out everywhere ends the session of another browser too, signing out here does not', async () => {
      const dorothy = { email_address: 'dorothy@acme.example' }
      await signIn(dorothy)
      const elsewhere = await newContext()
      const here = page
      page = await elsewhere.newPage()
      await signIn(dorothy)
      await press('Sign out')
      await signIn(dorothy)
      await here.reload()
      expect(here.url()).toBe(`${world.origin}/o/acme`)

      await page.goto('/o/acme/account')
      await press('Sign out everywhere')
      expect(place()).toBe('/sign-in')
      expect(await elsewhere.cookies()).toEqual([])
      await here.reload()
      expect(here.url()).toBe(`${world.origin}/sign-in?return_to=%2Fo%2Facme`)
      await elsewhere.close()
    })

    test('a place that does not exist is said to', async () => {
      await page.goto('/nowhere')
      expect(await heading()).toBe('That did not work')
      await look('39-nowhere')
    })

    test('no address, redirect, log or event has held a token, a code or an id', () => {
      const { secrets, urls, locations, said } = world.overheard
      for (const { token, code } of world.outbox()) {
        for (const each of [token, code]) if (each !== undefined) secrets.add(each)
      }
      expect(secrets.size).toBeGreaterThan(40)
      expect(locations.length).toBeGreaterThan(40)
      // An e-mail's link is where its token comes in; it is posted from there.
      const ofLinks = /^GET \S+\/sign-in\/(?:link|member-link|reset)\?/
      const overheard = [...urls.filter((url) => !ofLinks.test(url)), ...locations, ...said]
      for (const text of overheard) {
        for (const secret of secrets)
          if (text.includes(secret)) expect(text).toBe('without a secret')
        expect(text).not.toMatch(/-(?:test|live)-[0-9a-f]{8}-/)
      }
    })
  })
})
