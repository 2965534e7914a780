import { describe, expect, test } from '@jest/globals'
import { describeOnEachEngine } from '../support/fixture.ts'
import { newPhone, type Person, type Phoned } from '../support/people.ts'

const taken = { status_code: 400, error_type: 'duplicate_member_phone_number' }

describe('a phone number', () => {
  describeOnEachEngine((fixture) => {
    const named = ({ organization_id, member_id }: Person) => ({ organization_id, member_id })

    const sms = () => fixture.client.otps.sms
    const members = () => fixture.client.organizations.members

    const use = (person: Person, session_token: string, code: string) =>
      sms().authenticate({ ...named(person), session_token, code })

    /** A member who named a number in a send, and has a code for it. */
    async function beginNaming(mfa_phone_number: string) {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person)
      const code = await fixture.newSms(person, { mfa_phone_number, session_token })
      return { person: { ...person, mfa_phone_number }, session_token, code }
    }

    async function verify(mfa_phone_number: string) {
      const { person, session_token, code } = await beginNaming(mfa_phone_number)
      return (await use(person, session_token, code)).member
    }

    /** Every way in which a member gets a number. */
    const links: readonly (readonly [string, (mfa_phone_number: string) => Promise<unknown>])[] = [
      [
        'otps.sms.send',
        async (mfa_phone_number) => {
          await fixture.resetSendCounts()
          return sms().send({ ...named(await fixture.newPerson()), mfa_phone_number })
        }
      ],
      [
        'organizations.members.create',
        (mfa_phone_number) => {
          const email_address = `${mfa_phone_number.slice(1)}@acme.example`
          const { organization_id } = fixture.A
          return members().create({ organization_id, email_address, mfa_phone_number })
        }
      ],
      [
        'organizations.members.update',
        async (mfa_phone_number) =>
          members().update({ ...named(await fixture.newPerson()), mfa_phone_number })
      ],
      ['passwords.migrate', (mfa_phone_number) => fixture.newPerson({ mfa_phone_number })],
      [
        'passwords.migrate, verified,',
        (mfa_phone_number) =>
          fixture.newPerson({ mfa_phone_number, set_phone_number_verified: true })
      ]
    ]

    test.each(links)('that another member only named is free for %s', async (_name, link) => {
      const { mfa_phone_number } = await fixture.newPhoned({}, { verified: false })
      await expect(link(mfa_phone_number)).resolves.toMatchObject({ member: { mfa_phone_number } })
    })

    test.each(links)('that another member has verified is refused by %s', async (_name, link) => {
      const { mfa_phone_number } = await fixture.newPhoned()
      expect(await fixture.errorOf(link(mfa_phone_number))).toMatchObject(taken)
    })

    test('is verified by the member who has it, though another one named it first', async () => {
      const mfa_phone_number = newPhone()
      await beginNaming(mfa_phone_number)
      expect(await verify(mfa_phone_number)).toMatchObject({
        mfa_phone_number,
        mfa_phone_number_verified: true
      })
    })

    test('of two who verify it at once belongs to one', async () => {
      const mfa_phone_number = newPhone()
      const rivals = [await beginNaming(mfa_phone_number), await beginNaming(mfa_phone_number)]
      const outcomes = await Promise.all(
        rivals.map(({ person, session_token, code }) =>
          use(person, session_token, code).then(
            ({ status_code }) => status_code,
            ({ error_type }) => error_type
          )
        )
      )
      expect(outcomes.toSorted()).toEqual([200, taken.error_type].toSorted())
    })

    describe('that another member has verified since the member named it', () => {
      async function beginLate() {
        const late = await beginNaming(newPhone())
        await verify(late.person.mfa_phone_number)
        return late
      }

      const sentTo = ({ mfa_phone_number }: Phoned) => fixture.sentTo(mfa_phone_number).length

      test('is not verified by the right code, which is said', async () => {
        const { person, session_token, code } = await beginLate()
        const call = use(person, session_token, code)
        expect(await fixture.errorOf(call)).toMatchObject(taken)
        const { member } = await members().get(named(person))
        expect(member.mfa_phone_number_verified).toBe(false)
        const [session] = await fixture.sessionsOf(person)
        expect(session?.authentication_factors.map(({ type }) => type)).toEqual(['password'])
      })

      test('is sent no more codes by a send', async () => {
        const { person, session_token } = await beginLate()
        await fixture.resetSendCounts()
        const before = sentTo(person)
        const call = sms().send({ ...named(person), session_token })
        expect(await fixture.errorOf(call)).toMatchObject(taken)
        expect(sentTo(person)).toBe(before)
      })

      test('is sent none by a sign-in, which goes on without', async () => {
        const { person } = await beginLate()
        await members().update({ ...named(person), mfa_enrolled: true })
        await fixture.resetSendCounts()
        const before = sentTo(person)
        expect(await fixture.authenticate(person)).toMatchObject({
          member_authenticated: false,
          mfa_required: { secondary_auth_initiated: null }
        })
        expect(sentTo(person)).toBe(before)
      })

      test('is not verified by a migration either', async () => {
        const { person } = await beginLate()
        const { organization_id, email_address, mfa_phone_number } = person
        const { member_password_id } = person.member
        await members().deletePassword({ organization_id, member_password_id })
        const call = fixture.newPerson({
          email_address,
          mfa_phone_number,
          set_phone_number_verified: true
        })
        expect(await fixture.errorOf(call)).toMatchObject(taken)
      })

      test('keeps no other change of the member from being made, and can be removed', async () => {
        const { person } = await beginLate()
        const { mfa_phone_number } = person
        const request = { ...named(person), name: 'Ada', mfa_phone_number }
        expect((await members().update(request)).member.name).toBe('Ada')
        const { member } = await members().deleteMFAPhoneNumber(named(person))
        expect(member.mfa_phone_number).toBe('')
      })
    })
  })
})
