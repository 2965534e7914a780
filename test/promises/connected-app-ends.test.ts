import { describe, expect, test } from '@jest/globals'
import { appCalls, credentials, offlineScopes } from '../support/app-calls.ts'
import { auditOf } from '../support/audit.ts'
import {
  type Authorizing,
  accessTokenOf,
  apps,
  authorization,
  authorize
} from '../support/external.ts'
import { describeOnEachEngine, type Fixture } from '../support/fixture.ts'
import { type Pair, type Person, password } from '../support/people.ts'
import { named } from '../support/requests.ts'

/** Whose tokens still count: those that one session granted, those that another did, and those of no session. */
type Spared = readonly [ofOne: boolean, ofOther: boolean, ofNone: boolean]

const all: Spared = [true, true, true]
const none: Spared = [false, false, false]

interface End {
  readonly by: string
  end(fixture: Fixture, person: Person, one: Pair): Promise<unknown>
  readonly access: Spared
  /** What may be refreshed. */
  readonly offline: Spared
}

const newPassword = 'another horse battery staple'

const ends: readonly End[] = [
  {
    by: 'sign-out from one session',
    end: ({ client }, _person, { session_token }) => client.sessions.revoke({ session_token }),
    access: [false, true, true],
    offline: all
  },
  {
    by: 'the end of all sessions of the member',
    end: ({ client }, { member_id }) => client.sessions.revoke({ member_id }),
    access: none,
    offline: none
  },
  {
    by: 'a reset of the password by the old one',
    end: ({ client }, { organization_id, email_address }) =>
      client.passwords.existingPassword.reset({
        organization_id,
        email_address,
        existing_password: password,
        new_password: newPassword
      }),
    access: none,
    offline: none
  },
  {
    by: 'a reset of the password by one session',
    end: ({ client }, { organization_id }, { session_token }) =>
      client.passwords.sessions.reset({ organization_id, session_token, password: newPassword }),
    access: [true, false, false],
    offline: [true, false, false]
  },
  {
    by: 'an organization that forbids the app',
    end: ({ client }, { organization_id }) =>
      client.organizations.update({
        organization_id,
        first_party_connected_apps_allowed_type: 'NOT_ALLOWED'
      }),
    access: none,
    offline: none
  },
  {
    by: 'an organization that forbade the app, and allows it again',
    async end({ client }, { organization_id }) {
      for (const type of ['NOT_ALLOWED', 'ALL_ALLOWED'] as const) {
        await client.organizations.update({
          organization_id,
          first_party_connected_apps_allowed_type: type
        })
      }
    },
    access: all,
    offline: all
  },
  {
    by: 'the end of the membership',
    end: ({ client }, person) => client.organizations.members.delete(named(person)),
    access: none,
    offline: none
  },
  {
    by: 'a revocation of the app for the member',
    end: (fixture, person) => revoke(fixture, person),
    access: none,
    offline: none
  },
  {
    by: 'a revocation of another app for the member',
    end: (fixture, person) => revoke(fixture, person, apps.third.client_id),
    access: all,
    offline: all
  },
  {
    by: 'a revocation of the app for another member',
    end: async (fixture, { organization_id }) =>
      revoke(fixture, await fixture.newPerson({ organization_id })),
    access: all,
    offline: all
  }
]

describe('what an app was granted ends at once', () => {
  describeOnEachEngine((fixture) => {
    const { tokenForm, redeem, refresh, isActive, offline } = appCalls(fixture)

    /** A member with two sessions. */
    async function signedInTwice() {
      const { organization_id } = await fixture.newOrganization()
      const person = await fixture.newPerson({ organization_id })
      const [one, other] = [await fixture.signIn(person), await fixture.signIn(person)]
      const three: readonly Authorizing[] = [
        { session_token: one.session_token },
        { session_token: other.session_token },
        named(person)
      ]
      return { person, one, three }
    }

    const eachOf = async <Item, Result>(
      items: readonly Item[],
      work: (item: Item) => Promise<Result>
    ): Promise<Result[]> => {
      const results: Result[] = []
      for (const item of items) results.push(await work(item))
      return results
    }

    test.each(ends)('as far as it may not be refreshed: $by', async ({ end, access }) => {
      const { person, one, three } = await signedInTwice()
      const tokens = await eachOf(three, (by) => accessTokenOf(fixture, by))
      expect(await eachOf(tokens, isActive)).toEqual(all)
      await end(fixture, person, one)
      expect(await eachOf(tokens, isActive)).toEqual(access)
    })

    test.each(ends)('as far as it may be refreshed: $by', async ({ end, offline: spared }) => {
      const { person, one, three } = await signedInTwice()
      const tokens = await eachOf(three, offline)
      await end(fixture, person, one)
      expect(await eachOf(tokens, ({ access }) => isActive(access))).toEqual(spared)
      expect(await eachOf(tokens, ({ refreshing }) => isActive(refreshing))).toEqual(spared)
      const statuses = await eachOf(
        tokens,
        async ({ refreshing }) => (await refresh(refreshing)).status
      )
      expect(statuses).toEqual(spared.map((isSpared) => (isSpared ? 200 : 400)))
    })

    test('but what may be refreshed outlives the session that granted it', async () => {
      const { three } = await signedInTwice()
      const tokens = await eachOf(three, offline)
      fixture.clock.advance(86_400)
      expect(await eachOf(tokens, ({ access }) => isActive(access))).toEqual(none)
      const answers = await eachOf(tokens, ({ refreshing }) => refresh(refreshing))
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
      const next = answers.map(({ body }) => String(body.access_token))
      expect(await eachOf(next, isActive)).toEqual(all)
    })

    test.each([
      ['the session that granted it ended', ['openid'], 'sign-out from one session'],
      ['the session that granted it ended', offlineScopes, 'sign-out from one session'],
      ['the app was revoked', ['openid'], 'a revocation of the app for the member'],
      ['the app was revoked', offlineScopes, 'a revocation of the app for the member']
    ])('and no code is redeemed after %s, for %j', async (_, scopes, by) => {
      const { person, one } = await signedInTwice()
      const { session_token } = one
      const code = await authorize(fixture, { session_token }, { scopes })
      await ends.find((end) => end.by === by)?.end(fixture, person, one)
      expect((await redeem(tokenForm(code))).body).toMatchObject({ error: 'invalid_grant' })
    })
  })
})

describe('organizations.members.connectedApps.revoke', () => {
  describeOnEachEngine((fixture) => {
    const ofThird = {
      client_id: apps.third.client_id,
      redirect_uri: apps.third.redirect_urls[0],
      response_type: 'code',
      scopes: ['openid']
    }

    const isConsentRequired = async (person: Person, app: object = {}) => {
      const request = { ...authorization, ...ofThird, ...named(person), ...app }
      return (await fixture.client.idp.oauth.authorizeStart(request)).consent_required
    }

    test('forgets that the member agreed, and nothing that others did', async () => {
      const [person, other] = [await fixture.newPerson(), await fixture.newPerson()]
      for (const one of [person, other]) await authorize(fixture, named(one), ofThird)
      expect(await isConsentRequired(person)).toBe(false)
      await revoke(fixture, person)
      expect(await isConsentRequired(person)).toBe(false)
      await revoke(fixture, person, apps.third.client_id)
      expect([await isConsentRequired(person), await isConsentRequired(other)]).toEqual([
        true,
        false
      ])
      await authorize(fixture, named(person), ofThird)
      expect(await isConsentRequired(person)).toBe(false)
    })

    test('rejects the exchange of an access token, and leaves the session', async () => {
      const person = await fixture.newPerson()
      const { session_token } = await fixture.signIn(person)
      const access_token = await accessTokenOf(fixture, { session_token })
      await revoke(fixture, person)
      const exchange = fixture.client.sessions.exchangeAccessToken({ access_token })
      expect(await fixture.errorOf(exchange)).toMatchObject({
        status_code: 401,
        error_type: 'connected_app_consent_revoked'
      })
      const { member_session } = await fixture.client.sessions.authenticate({ session_token })
      expect(member_session.member_id).toBe(person.member_id)
    })

    test('answers the same where there is nothing to revoke, and lets the app in anew', async () => {
      const person = await fixture.newPerson()
      for (const times of [1, 2]) {
        expect([times, (await revoke(fixture, person)).status_code]).toEqual([times, 200])
      }
      const token = await accessTokenOf(fixture, named(person))
      expect(await appCalls(fixture).isActive(token)).toBe(true)
    })

    test('is done by the member itself, or with the permission, and leaves an event', async () => {
      const { organization_id } = await fixture.newOrganization()
      const [person, other, admin] = [
        await fixture.newPerson({ organization_id }),
        await fixture.newPerson({ organization_id }),
        await fixture.newPerson({ organization_id, roles: ['stytch_admin'] })
      ]
      const callBy = async (caller: Person) => {
        const { session_token } = await fixture.signIn(caller)
        return fixture.client.organizations.members.connectedApps.revoke(
          { ...named(person), connected_app_id: credentials.client_id },
          { authorization: { session_token } }
        )
      }
      for (const caller of [person, admin]) {
        const token = await accessTokenOf(fixture, named(person))
        const events = await auditOf(fixture.database, () => callBy(caller))
        expect(events).toMatchObject([
          { kind: 'sign_in' },
          {
            kind: 'app',
            operation: 'organizations.members.connectedApps.revoke',
            outcome: 'succeeded',
            ...named(person),
            caller_member_id: caller.member_id
          }
        ])
        expect(await appCalls(fixture).isActive(token)).toBe(false)
      }
      expect(await fixture.errorOf(callBy(other))).toMatchObject({
        status_code: 403,
        error_type: 'session_authorization_error'
      })
    })
  })
})

function revoke(
  { client }: Pick<Fixture, 'client'>,
  person: Person,
  connected_app_id: string = credentials.client_id
) {
  return client.organizations.members.connectedApps.revoke({ ...named(person), connected_app_id })
}
