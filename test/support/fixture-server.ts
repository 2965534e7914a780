import { randomUUID } from 'node:crypto'
import { jest } from '@jest/globals'
import type { Delivery } from 'membergate/authority'
import type { Organization } from 'membergate/client'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { countAnswers } from './answered.ts'
import { connect, type SharedClient } from './clients.ts'
import { type Clock, middleOfStep, stopClock } from './clock.ts'
import type { TestDatabase } from './databases.ts'
import { type Mail, openMail } from './deliveries.ts'
import { type Devices, openDevices } from './devices.ts'
import { settingsFor } from './external.ts'
import { type IdentityProvider, openIdentityProvider } from './identity-provider.ts'
import {
  type Enrolled,
  fixtureProjects,
  importedHash,
  memberWithBoth,
  type Person,
  personOf
} from './people.ts'
import { storeSigningKeys } from './store-signing-keys.ts'
import { openTap, type Tap } from './tap.ts'

/** An authority with its database, clock and tap. */
export interface FixtureServer {
  /** The authority itself, without the tap. */
  readonly url: string
  readonly database: string
  readonly clock: Clock
  readonly tap: Tap
  readonly identity: IdentityProvider
  readonly project: { readonly project_id: string; readonly secret: string }
  readonly other: { readonly project_id: string; readonly secret: string }
  readonly A: Organization
  readonly B: Organization
  readonly C: Organization
  /** The imported form of `password`. */
  readonly hash: string
  readonly waiting: Person
  readonly both: Enrolled
  readonly mail: Mail
  readonly devices: Devices
  close(): Promise<void>
}

/** Where links may lead; those of calls that name no URL lead to the first. */
export const redirect_urls = ['https://app.example/link', 'https://app.example/other']

/** `from` is when the clock stands first, in epoch milliseconds. Where no `notice` takes them, no notices are sent. */
export async function openFixtureServer(
  create: () => Promise<TestDatabase>,
  from: number = middleOfStep(),
  notice?: Delivery['notice']
): Promise<FixtureServer> {
  const clock = stopClock(from)
  const project = newProject()
  const other = newProject()
  const database = await create()
  const identity = await openIdentityProvider()
  const { deliver, ...mail } = openMail()
  const { lookUpDevice, ...devices } = openDevices()
  const authority: OpenAuthority = await openAuthority({
    database: database.location,
    deliver: notice === undefined ? deliver : { ...deliver, notice },
    lookUpDevice,
    now: clock.now,
    projects: fixtureProjects(project, other, { redirect_urls, ...settingsFor(identity) })
  })
  await storeSigningKeys(database.location, [project.project_id, other.project_id], clock.now())
  const counts = countAnswers(database.location.startsWith('postgres:') ? 'postgres' : 'sqlite')
  const tap = await openTap(authority.url, counts)
  const ours = connect('our client', project, tap, clock)
  const theirs = connect('our client', other, tap, clock)
  const organizationOf = async (client: SharedClient, organization_id: string) =>
    (await client.organizations.get({ organization_id })).organization
  const hash = await importedHash()
  return {
    url: authority.url,
    database: database.location,
    clock,
    tap,
    identity,
    project,
    other,
    A: await organizationOf(ours, 'acme'),
    B: await organizationOf(ours, 'globex'),
    C: await organizationOf(theirs, 'acme'),
    hash,
    waiting: personOf(
      await ours.organizations.members.get({
        organization_id: 'hooli',
        email_address: 'waiting@hooli.example'
      })
    ),
    both: await memberWithBoth(ours, hash),
    mail,
    devices,
    async close() {
      counts.write()
      await tap.close()
      await authority.close()
      await identity.close()
      await database.drop()
      jest.useRealTimers()
    }
  }
}

function newProject() {
  return { project_id: `project-test-${randomUUID()}`, secret: `secret-test-${randomUUID()}` }
}
