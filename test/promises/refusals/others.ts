import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { sha256 } from '../../../src/authority/crypto/tokens.ts'
import type { Fixture } from '../../support/fixture.ts'
import type { FixtureServer } from '../../support/fixture-server.ts'
import { type Pair, type Person, password } from '../../support/people.ts'
import { runSql } from '../../support/run-sql.ts'
import { idsOf, pendingSignIn, withCheapFactors } from './scene.ts'

/** What belongs to others than the call that is rejected, or is over. */
export interface Others {
  /** An administrator of another organization. */
  readonly elsewhere: Person & Pair
  /** A member of another project, and its credentials. */
  readonly otherProject: Person & Pair & { readonly project_id: string; readonly secret: string }
  readonly deletedMember: Person & Pair
  readonly ended: Pair
  readonly expired: Pair
  readonly expiredIntermediate: string
  readonly usedIntermediate: string
  /** A server that sends no messages, with a project of its own. */
  readonly silent: OpenAuthority
}

export async function findOthers(
  fixtureServer: FixtureServer,
  everywhere: Fixture
): Promise<Others> {
  const fixture = withCheapFactors(everywhere)
  const { client, database, clock } = fixture
  const { organization_id } = fixture.B
  const newPerson = (roles: string[] = []) => fixture.newPerson({ organization_id, roles })

  const admin = await newPerson(['stytch_admin'])
  const member = await newPerson()
  const deleted = await newPerson()
  const deletedMember = { ...deleted, ...(await fixture.signIn(deleted)) }
  await client.organizations.members.delete(idsOf(deleted))

  const ended = await fixture.signIn(member)
  await client.sessions.revoke({ session_token: ended.session_token })
  const expired = await fixture.signIn(member)
  const { member_session_id } = expired.member_session
  await runSql(database, 'update sessions set expires_at = $1 where member_session_id = $2', [
    clock.now(),
    member_session_id
  ])
  const expiredIntermediate = await pendingSignIn(fixture, member)
  await runSql(database, 'update intermediate_sessions set expires_at = $1 where token_hash = $2', [
    clock.now(),
    sha256(expiredIntermediate)
  ])
  const usedIntermediate = await pendingSignIn(fixture, member)
  await client.discovery.intermediateSessions.exchange({
    organization_id,
    intermediate_session_token: usedIntermediate
  })
  return {
    elsewhere: { ...admin, ...(await fixture.signIn(admin)) },
    otherProject: await memberOfOtherProject(fixtureServer, fixture),
    deletedMember,
    ended,
    expired,
    expiredIntermediate,
    usedIntermediate,
    silent: await openAuthority({ deliver: {} })
  }
}

async function memberOfOtherProject(
  fixtureServer: FixtureServer,
  { other: { client, organization } }: Fixture
): Promise<Others['otherProject']> {
  const { organization_id } = organization
  const email_address = `${crypto.randomUUID()}@acme.example`
  const address = { organization_id, email_address }
  const imported = { hash: fixtureServer.hash, hash_type: 'argon_2id' }
  const { member, member_id } = await client.passwords.migrate({ ...address, ...imported })
  const { session_token, session_jwt, member_session } = await client.passwords.authenticate({
    ...address,
    password
  })
  if (!member_session) throw new Error('The sign-in is not complete.')
  const pair = { session_token, session_jwt, member_session }
  return { ...fixtureServer.other, ...address, member_id, member, ...pair }
}
