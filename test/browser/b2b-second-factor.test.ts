import { expect, test } from '@jest/globals'
import { hedy, katherine, password } from '../../examples/b2b/seed.ts'
import { describeB2b } from './b2b-journey.ts'

describeB2b('second factor', 'Koa', (journey) => {
  const { look, place, heading, press, follow, fill, alert, signIn, newestCode, enterCode } =
    journey

  test('a member who must enrols an authenticator, signs in with it, and by a recovery code', async () => {
    await signIn(katherine, 'globex', '/sign-in/password?return_to=%2Fo%2Fglobex%2Fmembers')
    expect(place()).toBe('/mfa/enroll')
    await look('17-enroll')
    await press('Use an authenticator app')
    await journey.page.getByText('No camera?').click()
    const texts = await journey.page.locator('code').allTextContents()
    const [secret = '', ...codes] = texts.map((text) => text.replaceAll(' ', ''))
    for (const each of [secret, ...codes]) journey.fixture.overheard.secrets.add(each)
    await look('18-totp-shown')
    await enterCode(journey.fixture.nextCode(secret))
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

  test('a code by text message is sent by itself, and another on request', async () => {
    await journey.page.goto('/o/acme/account')
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
    journey.fixture.advance(61)
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
    await journey.page.goto('/o/acme')
    expect(place()).toBe('/sign-in?return_to=%2Fo%2Facme')

    await signIn(claude)
    for (const code of ['000000', '000001', '000002', '000003']) await enterCode(code)
    const elsewhere = await journey.context.newPage()
    const here = journey.page
    journey.page = elsewhere
    await signIn({ ...claude, password: 'wrong' })
    journey.page = here
    await enterCode(journey.fixture.nextCode(secret))
    expect(await heading()).toBe('This account is locked')
    await look('27-locked')
    await journey.page.goto('/o/acme')
    expect(place()).toBe('/mfa/locked')
    await signIn(claude)
    expect(await alert()).toMatch('locked')
    await look('28-locked-sign-in')

    journey.fixture.advance(3601)
    await signIn(claude)
    await enterCode(journey.fixture.nextCode(secret))
    expect(place()).toBe('/o/acme')
  })

  test('a member who is signed in sets up a second factor, and comes back to where it was asked for', async () => {
    await signIn({ email_address: 'barbara@acme.example' })
    await journey.page.goto('/o/acme/account')
    await follow('Set one up')
    await press('Use an authenticator app')
    const [secret = ''] = await journey.page.locator('details code').allTextContents()
    await enterCode(journey.fixture.nextCode(secret.replaceAll(' ', '')))
    expect(place()).toBe('/o/acme/account')
    await follow('Set up another')
    expect(
      await journey.page.getByRole('button', { name: 'Use an authenticator app' }).count()
    ).toBe(0)
    await journey.page.getByLabel('Phone number').fill('+12025550144')
    await press('Send me a code')
    expect(place()).toMatch(/^\/mfa\/sms\?return_to=.*&sent=1$/)
    await enterCode(newestCode('+12025550144'))
    expect(
      await journey.page.getByText('Set up: authenticator app and phone ending in 0144.').count()
    ).toBe(1)
    await look('40-both-factors')

    journey.fixture.advance(610)
    await signIn({ email_address: 'annie@acme.example' })
    journey.fixture.advance(610)
    await journey.page.goto('/mfa/enroll')
    await press('Use an authenticator app')
    expect(place()).toBe('/sign-in')
  })
})
