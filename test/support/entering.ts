import { emailIdOf, insertIntermediateSession, magicLinkFactor, setFactors } from './factors.ts'
import type { Fixture } from './fixture.ts'
import type { Pair, Person } from './people.ts'

/** What a person has who may enter an organization: signed in by magic link, in discovery or to another one. */

/** The intermediate session of a sign-in that names no organization. */
export function beginDiscovery(
  { database, project_id, clock }: Fixture,
  email_address: string
): Promise<string> {
  const now = clock.now()
  const authentication_factors = [magicLinkFactor(email_address, now)]
  return insertIntermediateSession(database, {
    project_id,
    email_address,
    authentication_factors,
    now
  })
}

/** A session of the person in an organization of its own, by magic link. */
export async function signInElsewhere(
  world: Fixture,
  { email_address }: Pick<Person, 'email_address'>
): Promise<Pair> {
  const { organization_id } = await world.newOrganization()
  const there = await world.newPerson({ organization_id, email_address })
  const pair = await world.signIn(there)
  const email_id = await emailIdOf(world.database, there.member_id)
  await setFactors(world.database, pair.member_session.member_session_id, [
    magicLinkFactor(email_address, world.clock.now(), email_id)
  ])
  return pair
}
