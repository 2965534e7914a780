import { expect, test } from '@jest/globals'
import { ada, alan, password } from '../../examples/b2b/seed.ts'
import { describeB2b } from './b2b-journey.ts'

describeB2b('account', 'Koa', (journey) => {
  const { look, place, press, follow, fill, alert, signIn, followNewest, enterCode, newContext } =
    journey

  test('a password is changed after a step-up, which comes back to where it was asked for', async () => {
    await signIn(alan)
    await enterCode(journey.fixture.nextCode(alan.totp_secret))
    journey.fixture.advance(310)
    await journey.page.goto('/o/acme/account')
    await follow('Change the password')
    expect(place()).toBe('/mfa/step-up/totp?return_to=%2Fo%2Facme%2Faccount%2Fpassword')
    await look('31-step-up')
    await enterCode(journey.fixture.nextCode(alan.totp_secret))
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
    journey.fixture.advance(310)
    await journey.page.goto('/o/acme/account/password')
    expect(place()).toBe('/sign-in?return_to=%2Fo%2Facme%2Faccount%2Fpassword')
    await follow('Use a password instead')
    await fill('Organization', 'acme')
    await fill('E-mail address', ada.email_address)
    await fill('Password', password)
    await press('Sign in')
    expect(place()).toBe('/o/acme/account/password')
  })

  test('a forgotten password is reset by e-mail, and nobody learns who is a member', async () => {
    await journey.page.goto('/sign-in/forgot')
    await fill('Organization', 'acme')
    await fill('E-mail address', 'nobody@acme.example')
    await look('34-forgot')
    await press('E-mail me a link')
    expect(place()).toBe('/sign-in/sent')
    expect(journey.fixture.sentTo('nobody@acme.example')).toBeUndefined()

    await journey.page.goto('/sign-in/forgot')
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

  test('signing out everywhere ends the session of another browser too, signing out here does not', async () => {
    const dorothy = { email_address: 'dorothy@acme.example' }
    await signIn(dorothy)
    const elsewhere = await newContext()
    const here = journey.page
    journey.page = await elsewhere.newPage()
    await signIn(dorothy)
    await press('Sign out')
    await signIn(dorothy)
    await here.reload()
    expect(here.url()).toBe(`${journey.fixture.origin}/o/acme`)

    await journey.page.goto('/o/acme/account')
    await press('Sign out everywhere')
    expect(place()).toBe('/sign-in')
    expect(await elsewhere.cookies()).toEqual([])
    await here.reload()
    expect(here.url()).toBe(`${journey.fixture.origin}/sign-in?return_to=%2Fo%2Facme`)
    await elsewhere.close()
  })
})
