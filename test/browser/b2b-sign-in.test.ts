import { expect, test } from '@jest/globals'
import { alan, grace, password } from '../../examples/b2b/seed.ts'
import { describeB2b } from './b2b-journey.ts'

describeB2b('sign in', 'Express', (journey) => {
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
    enterCode
  } = journey

  test('a page that was opened deep is resumed after link, organization and TOTP; back leads nowhere wrong', async () => {
    await journey.page.goto('/o/acme/reports?quarter=2')
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
    await enterCode(journey.fixture.nextCode(alan.totp_secret))
    expect(place()).toBe('/o/acme/reports?quarter=2')
    expect(await journey.page.locator('main .badge').allTextContents()).toEqual(['analyst'])
    await look('06-reports')

    await journey.page.goBack()
    expect(place()).toBe('/o/acme')
  })

  test('a new person creates an organization, after a name that will not do', async () => {
    await journey.page.goto('/')
    await signInByLink('linus@newco.example')
    expect(await heading()).toBe('Create your organization')
    await look('08-create')
    await fill('Its name', ' ')
    await press('Create it')
    await look('09-create-refused')
    await fill('Its name', 'Newco')
    await press('Create it')
    expect(place()).toMatch(/^\/o\/newco-[\w-]+$/)
    expect(await journey.page.title()).toBe('Overview · Newco · Roster')
    await look('10-overview')
    await journey.page.goto('/sign-in')
    expect(await journey.page.getByText('You are signed in to Newco').count()).toBe(1)
    await look('11-already-signed-in')
    await follow('Go on there')
    expect(place()).toMatch(/^\/o\/newco-[\w-]+$/)
  })

  test('a wrong password is said above and at its field, and corrected by keyboard', async () => {
    await signIn({ ...grace, password: 'wrong' })
    expect(await alert()).toMatch('password is wrong')
    expect(await journey.page.title()).toMatch(/^Problem: /)
    expect(await journey.page.locator('input:focus').getAttribute('id')).toBe('password')
    expect(await journey.page.getByLabel('Password').getAttribute('aria-describedby')).toBe(
      'problem'
    )
    await look('12-password-refused')
    await journey.page.keyboard.type(password)
    await journey.page.keyboard.press('Enter')
    await journey.page.waitForURL('**/o/acme')
  })

  test('another primary factor is asked for where a link is not enough', async () => {
    await journey.page.goto('/o/umbra/account')
    await signInByLink(grace.email_address)
    await look('13-choose-of-four')
    await press('Umbra Bank Asks for another way to sign in')
    expect(place()).toBe('/sign-in')
    expect(await heading()).toBe('One more step for Umbra Bank')
    await look('14-primary')
    await journey.page.goto('/o/umbra')
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

  test('a sign-in that waited longer than ten minutes begins anew', async () => {
    await signIn(alan)
    expect(place()).toBe('/mfa/totp')
    journey.fixture.advance(601)
    await enterCode(journey.fixture.nextCode(alan.totp_secret))
    await look('29-too-late')
    await journey.page.goto('/o/acme/members')
    expect(place()).toBe('/sign-in?return_to=%2Fo%2Facme%2Fmembers')
    await signInByLink(alan.email_address)
    journey.fixture.advance(601)
    await journey.page.reload()
    expect(place()).toBe('/sign-in')
  })

  test('a place that does not exist is said to', async () => {
    await journey.page.goto('/nowhere')
    expect(await heading()).toBe('That did not work')
    await look('39-nowhere')
  })
})
