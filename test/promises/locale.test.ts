import { describe, expect, test } from '@jest/globals'
import type { Sent } from '../support/deliveries.ts'
import { beginDiscovery, signInElsewhere } from '../support/entering.ts'
import { describeOnEachEngine, type Fixture } from '../support/fixture.ts'
import { type Person, type Phoned, password } from '../support/people.ts'

/** What only the SMS of a language says. */
const words = {
  en: 'verification code',
  es: 'código de verificación',
  'pt-br': 'código de verificação',
  fr: 'code de vérification'
} as const

type Language = keyof typeof words

/** An operation that sends a code to a member with a number. */
interface Sending {
  readonly name: string
  call(fixture: Fixture, person: Phoned, locale?: unknown): Promise<unknown>
}

const sending: readonly Sending[] = [
  {
    name: 'otps.sms.send',
    async call(fixture, person, locale) {
      // A sign-in of its own, so that a number need not be unverified.
      const { organization_id, member_id } = person
      const intermediate_session_token = await fixture.beginSignIn(person)
      await fixture.resetSendCounts()
      const request = { organization_id, member_id, intermediate_session_token, locale }
      return fixture.send('otps.sms.send', request)
    }
  },
  {
    name: 'passwords.authenticate',
    call: (fixture, { organization_id, email_address }, locale) =>
      fixture.send('passwords.authenticate', { organization_id, email_address, password, locale })
  },
  {
    name: 'sessions.exchange',
    async call(fixture, person, locale) {
      const { organization_id } = person
      const { session_token } = await signInElsewhere(fixture, person)
      return fixture.send('sessions.exchange', { organization_id, session_token, locale })
    }
  },
  {
    name: 'discovery.intermediateSessions.exchange',
    async call(fixture, { organization_id, email_address }, locale) {
      const intermediate_session_token = await beginDiscovery(fixture, email_address)
      const request = { organization_id, intermediate_session_token, locale }
      return fixture.send('discovery.intermediateSessions.exchange', request)
    }
  }
]

const translated: readonly (readonly [string, string, Language])[] = [
  ['S-LOC-02', 'en', 'en'],
  ['S-LOC-02', 'es', 'es'],
  ['S-LOC-02', 'pt-br', 'pt-br'],
  ['S-LOC-03', 'fr', 'fr'],
  ['S-LOC-04', 'it', 'en'],
  ['S-LOC-04', 'de-DE', 'en'],
  ['S-LOC-04', 'zh-Hans', 'en'],
  ['S-LOC-04', 'ca-ES', 'en'],
  ['S-LOC-05', 'PT-BR', 'pt-br'],
  ['S-LOC-05', 'pt-BR', 'pt-br'],
  ['S-LOC-05', 'EN', 'en']
]

function expectLanguage(sent: Sent | undefined, language: Language): void {
  expect(sent?.locale).toBe(language)
  expect(sent?.text).toContain(words[language])
  expect(sent?.text).toContain(sent?.code)
}

describe('locale', () => {
  describeOnEachEngine((fixture) => {
    const latest = ({ mfa_phone_number }: Phoned) => fixture.sentTo(mfa_phone_number)[0]

    describe.each(sending.map((operation) => [operation.name, operation] as const))(
      '%s',
      (_name, operation) => {
        test('S-LOC-01: without a locale the text is English', async () => {
          const person = await fixture.newPhoned()
          await operation.call(fixture, person)
          expectLanguage(latest(person), 'en')
        })

        test.each(translated)(
          '%s: with the locale %s the text is that of %s',
          async (_id, locale, language) => {
            const person = await fixture.newPhoned()
            await operation.call(fixture, person, locale)
            expectLanguage(latest(person), language)
          }
        )

        test.each(['xx-YY', 'en-US', 'de', '', '{code}', '../en', 5, true, ['en']])(
          'S-LOC-06 AO-11: the locale %p is refused, and nothing is sent',
          async (locale) => {
            const person = await fixture.newPhoned()
            const before = fixture.sentTo(person.mfa_phone_number).length
            const ownSignIn = operation.name === 'otps.sms.send' ? 1 : 0
            const call = operation.call(fixture, person, locale)
            expect(await fixture.errorOf(call)).toMatchObject({
              status_code: 400,
              error_type: 'invalid_locale'
            })
            expect(fixture.sentTo(person.mfa_phone_number)).toHaveLength(before + ownSignIn)
          }
        )
      }
    )

    test('AO-11: what an organization or a member is called is not in the text', async () => {
      const { organization_id } = await fixture.newOrganization({
        organization_name: 'Call %s https://evil.example {code}'
      })
      const person = await fixture.newPhoned({ organization_id, name: 'evil.example' })
      await fixture.authenticate(person)
      expect(latest(person)?.text).not.toContain('evil')
    })

    test.each(['en', 'es', 'fr', 'pt-br', 'PT-br', 'it'])(
      'S-LOC-07: passwords.sessions.reset takes %s and sends nothing',
      async (locale) => {
        const person = await fixture.newPhoned({}, { verified: false, mfa_enrolled: false })
        const { session_token } = await fixture.signIn(person)
        const call = reset(person, { session_token, locale })
        expect((await call).status_code).toBe(200)
        expect(fixture.sentTo(person.mfa_phone_number)).toEqual([])
        expect(fixture.sentTo(person.email_address)).toEqual([])
      }
    )

    test('S-LOC-06: passwords.sessions.reset refuses another, and changes no password', async () => {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person)
      const call = reset(person, { session_token, locale: 'xx-YY' })
      expect(await fixture.errorOf(call)).toMatchObject({
        status_code: 400,
        error_type: 'invalid_locale'
      })
      expect((await fixture.authenticate(person)).status_code).toBe(200)
    })

    const reset = ({ organization_id }: Person, options: Record<string, unknown>) =>
      fixture.send('passwords.sessions.reset', {
        organization_id,
        password: 'another horse battery staple',
        ...options
      })
  })
})
