import diagnostics_channel from 'node:diagnostics_channel'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Trip, tripChannel } from '../../src/authority/store/trips.ts'
import type { OperationName } from '../../src/wire/routes.ts'
import { engines } from '../support/databases.ts'
import { type Fixture, openFixture } from '../support/fixture.ts'
import { type FixtureServer, openFixtureServer } from '../support/fixture-server.ts'
import { password } from '../support/people.ts'
import { requests } from '../support/requests.ts'

/**
 * How often a call goes to the database, when it succeeds: reads, and commits. Every read of the table begins with the
 * project, and every audited call ends with a commit of its audit row. What a call has loaded it does not load again. A
 * number that rises needs its reason beside it.
 */
const trips: Record<OperationName, readonly [reads: number, commits: number]> = {
  'sessions.get': [4, 0],
  'sessions.authenticate': [4, 1],
  'sessions.revoke': [2, 2],
  'sessions.exchange': [5, 2],
  'discovery.intermediateSessions.exchange': [4, 2],
  // Memberships, their organizations, who claims the domain, and who may be joined.
  'discovery.organizations.list': [6, 0],
  'discovery.organizations.create': [3, 2],
  'sessions.exchangeAccessToken': [5, 2],
  'sessions.attest': [3, 2],
  'sessions.migrate': [3, 2],
  'sessions.getJWKS': [1, 0],
  'totps.create': [3, 2],
  // The attempt is counted by itself.
  'totps.authenticate': [5, 3],
  'totps.migrate': [3, 2],
  'recoveryCodes.get': [4, 1],
  'recoveryCodes.rotate': [3, 2],
  // The codes again at the end: others may have been used meanwhile.
  'recoveryCodes.recover': [6, 3],
  // The member again: the message may have taken long. It is counted by itself.
  'otps.sms.send': [5, 3],
  // The attempt is counted by itself.
  'otps.sms.authenticate': [5, 3],
  // The member again: the message may have taken long. It is counted by itself.
  'otps.email.loginOrSignup': [4, 3],
  // The member again after the attempt. The attempt is counted, and given back, by itself.
  'otps.email.authenticate': [5, 4],
  'otps.email.discovery.send': [1, 3],
  // As discovery.organizations.list. The attempt is counted, and given back, by itself: it counts for organizations too.
  'otps.email.discovery.authenticate': [6, 4],
  'magicLinks.authenticate': [4, 2],
  // As otps.email.loginOrSignup.
  'magicLinks.email.loginOrSignup': [4, 3],
  // The member again: the message may have taken long. It is counted by itself.
  'magicLinks.email.invite': [5, 3],
  'magicLinks.email.discovery.send': [1, 3],
  // As discovery.organizations.list.
  'magicLinks.discovery.authenticate': [6, 2],
  // The attempt is counted, and given back, by itself.
  'passwords.authenticate': [4, 4],
  'passwords.strengthCheck': [1, 0],
  'passwords.migrate': [3, 2],
  'passwords.email.resetStart': [3, 3],
  'passwords.email.reset': [4, 2],
  // The attempt is counted, and given back, by itself.
  'passwords.existingPassword.reset': [4, 4],
  'passwords.sessions.reset': [4, 2],
  'rbac.policy': [1, 0],
  'rbac.organizations.getOrgPolicy': [2, 0],
  'rbac.organizations.setOrgPolicy': [2, 2],
  'organizations.create': [1, 2],
  'organizations.get': [2, 0],
  'organizations.update': [2, 2],
  'organizations.delete': [2, 2],
  'organizations.metrics': [3, 0],
  'organizations.deleteExternalId': [2, 2],
  'organizations.search': [3, 0],
  'organizations.members.create': [2, 2],
  'organizations.members.get': [3, 0],
  // Members, and those who were deleted.
  'organizations.members.dangerouslyGet': [4, 0],
  'organizations.members.update': [3, 2],
  'organizations.members.delete': [3, 2],
  'organizations.members.reactivate': [3, 2],
  'organizations.members.erase': [3, 2],
  // The member again: what is still locked is answered.
  'organizations.members.unlock': [4, 2],
  'organizations.members.deleteMFAPhoneNumber': [3, 2],
  'organizations.members.deleteTOTP': [3, 2],
  'organizations.members.deletePassword': [3, 2],
  'organizations.members.unlinkRetiredEmail': [3, 2],
  'organizations.members.deleteExternalId': [3, 2],
  // Who has the address, who is about to, and who claims its domain. The message is counted by itself.
  'organizations.members.startEmailUpdate': [6, 3],
  'organizations.members.search': [4, 0],
  'organizations.members.connectedApps.revoke': [3, 2],
  'idp.oauth.authorizeStart': [4, 0],
  'idp.oauth.authorize': [5, 2]
}

let server: FixtureServer
let fixture: Fixture

beforeAll(async () => {
  const create = engines.find(({ name }) => name === 'sqlite')?.create
  if (create === undefined) throw new Error('There is no engine of that name.')
  server = await openFixtureServer(create)
  fixture = openFixture(server, 'our client')
})
afterAll(() => server.close())

test.each(Object.entries(trips))('%s reads and commits %j', async (name, expected) => {
  const request = await requests[name as OperationName](fixture)
  expect(await tripsOf(() => fixture.send(name, request))).toEqual(expected)
})

test('a password sign-in that sends a code by SMS counts the message by itself', async () => {
  const { organization_id, email_address } = await fixture.newPhoned()
  const request = { organization_id, email_address, password }
  expect(await tripsOf(() => fixture.client.passwords.authenticate(request))).toEqual([4, 5])
})

test('a factor that joins a session loads that session once', async () => {
  const person = await fixture.newPerson()
  const { session_token } = await fixture.signIn(person)
  const { organization_id, email_address } = person
  const request = { organization_id, email_address, password, session_token }
  expect(await tripsOf(() => fixture.client.passwords.authenticate(request))).toEqual([5, 4])
})

describe('a call that a member makes', () => {
  let update: () => Promise<unknown>
  beforeAll(async () => {
    const { organization_id } = await fixture.newOrganization()
    const person = await fixture.newPerson({ organization_id, roles: ['stytch_admin'] })
    const { session_token } = await fixture.signIn(person)
    const request = { organization_id, organization_name: 'Initrode' }
    update = () =>
      fixture.client.organizations.update(request, { authorization: { session_token } })
  })

  test('loads the organization of that member once', async () => {
    expect(await tripsOf(update)).toEqual([4, 2])
  })

  test('loads it anew when another call has changed it meanwhile', async () => {
    await Promise.all([update(), update(), update(), update()])
  })
})

async function tripsOf(work: () => Promise<unknown>): Promise<readonly [number, number]> {
  let reads = 0
  let commits = 0
  function count(message: unknown): void {
    const trip = message as Trip
    if ('commit' in trip) commits += 1
    // Signing keys are read every other second, whatever is called.
    else if (!trip.read.includes('signing_keys')) reads += 1
  }
  diagnostics_channel.subscribe(tripChannel, count)
  await work()
  diagnostics_channel.unsubscribe(tripChannel, count)
  return [reads, commits]
}
