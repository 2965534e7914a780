import { expect, test } from '@jest/globals'
import { ada, grace } from '../../examples/b2b/seed.ts'
import { describeB2b } from './b2b-journey.ts'
import { clickThrough } from './look.ts'

describeB2b('organizations', 'Express', (journey) => {
  const {
    look,
    place,
    heading,
    press,
    follow,
    fill,
    alert,
    signIn,
    signInByLink,
    followNewest,
    newestCode,
    enterCode
  } = journey

  test('a switch asks for the second factor of the target: a phone is enrolled, then challenged', async () => {
    await journey.page.goto('/o/acme')
    await signInByLink(grace.email_address)
    await press('Acme Rockets')
    expect(place()).toBe('/o/acme')
    await follow('Switch')
    await press('Initech')
    expect(place()).toBe('/o/initech')

    await follow('Switch')
    await press('Globex Asks for a second factor')
    expect(place()).toBe('/mfa/enroll')
    await journey.page.goto('/o/initech')
    expect(place()).toBe('/o/initech')
    await journey.page.goto('/mfa')
    expect(place()).toBe('/mfa/enroll')
    await journey.page.getByLabel('Phone number').fill('12')
    await press('Send me a code')
    await look('21-phone-refused')
    await journey.page.getByLabel('Phone number').fill('+1 202 555 0142')
    await press('Send me a code')
    expect(place()).toBe('/mfa/sms')
    await look('22-sms')
    await enterCode(newestCode('+12025550142'))
    expect(place()).toBe('/o/globex')

    await follow('Switch')
    await press('Acme Rockets')
    expect(place()).toBe('/o/acme')
    journey.fixture.advance(61)
    await follow('Switch')
    await clickThrough(journey.page, journey.page.getByRole('button', { name: /^Globex/ }))
    expect(place()).toBe('/mfa/sms')
    await enterCode(newestCode('+12025550142'))
    expect(place()).toBe('/o/globex')
  })

  test('of two tabs in two organizations, the one that was left acts in neither', async () => {
    await journey.page.goto('/')
    await signInByLink(grace.email_address)
    await press('Acme Rockets')
    await journey.page.goto('/o/acme/account')
    expect(await journey.page.title()).toBe('Account · Acme Rockets · Roster')

    const left = journey.page
    journey.page = await journey.context.newPage()
    await journey.page.goto('/organizations')
    await press('Initech')
    expect(await journey.page.title()).toBe('Overview · Initech · Roster')

    const right = journey.page
    journey.page = left
    await press('Sign out everywhere')
    expect(place()).toBe('/organizations')
    expect(await heading()).toBe('That is another organization')
    await journey.page.goto('/o/acme/members')
    expect(place()).toBe('/organizations?return_to=%2Fo%2Facme%2Fmembers')
    expect(await heading()).toBe('That is another organization')
    await look('30-other-organization')
    await right.reload()
    expect(await right.title()).toBe('Overview · Initech · Roster')
    await press('Acme Rockets')
    expect(place()).toBe('/o/acme/members')
    await right.reload()
    expect(right.url()).toBe(`${journey.fixture.origin}/organizations?return_to=%2Fo%2Finitech`)
  })

  test('an administrator invites, and nobody else', async () => {
    await signIn(ada)
    await journey.page.goto('/o/acme/members')
    await fill('Name', 'Mary Jackson')
    await fill('E-mail address', 'mary@acme.example')
    await press('Send the invitation')
    expect(await journey.page.getByRole('status').textContent()).toBe(
      'The invitation is on its way.'
    )
    expect(await journey.page.getByRole('row', { name: 'Mary Jackson' }).textContent()).toMatch(
      'invited'
    )
    await look('36-invited')
    await press('Sign out')

    await followNewest('mary@acme.example')
    await press('Continue')
    expect(place()).toBe('/o/acme')
    await journey.page.goto('/o/acme/members')
    expect(await journey.page.getByRole('row', { name: 'Mary Jackson' }).textContent()).not.toMatch(
      'inv'
    )
    expect(await journey.page.getByRole('button', { name: 'Send the invitation' }).count()).toBe(0)
    // The answer has the address of the page that is left, so the address does not tell when it is there.
    const arrival = journey.page.waitForEvent('framenavigated')
    await journey.page.evaluate(`
      document.querySelector('form').action = '/o/acme/members'
      document.querySelector('form').submit()`)
    await arrival
    await journey.page.waitForLoadState()
    expect(await heading()).toBe('Your roles do not allow this')
    await look('37-not-allowed')
    await journey.page.goto('/o/acme/reports')
    expect(await heading()).toBe('Your roles do not allow this')
    await followNewest('mary@acme.example')
    await press('Continue')
    expect(await alert()).toMatch('used already')
    await look('38-link-used')
  })
})
