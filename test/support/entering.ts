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
  fixture: Fixture,
  { email_address }: Pick<Person, 'email_address'>
): Promise<Pair> {
  const { organization_id } = await fixture.newOrganization()
  const there = await fixture.newPerson({ organization_id, email_address })
  const pair = await fixture.signIn(there)
  const email_id = await emailIdOf(fixture.database, there.member_id)
  await setFactors(fixture.database, pair.member_session.member_session_id, [
    magicLinkFactor(email_address, fixture.clock.now(), email_id)
  ])
  return pair
}
