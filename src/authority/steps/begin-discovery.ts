import type { Context } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import { viewDiscovered } from '../domain/discovered-organization.ts'
import { addFactor, type EmailAddress, type VerifiedFactor } from '../domain/factors.ts'
import type { Write } from '../domain/writes.ts'
import { discoverOrganizations } from './discover-organizations.ts'
import { startIntermediateSession } from './issue-session.ts'

/** An address that was verified before any organization is known, and the guarded writes that use up its link or code. */
export interface VerifiedDiscovery {
  readonly email_address: string
  readonly factorOf: (address: EmailAddress) => VerifiedFactor
  readonly use: readonly Write[]
}

/** Begins an intermediate session that belongs to no member yet, and tells the organizations that it may enter. */
export async function beginDiscovery(
  context: Context,
  { email_address, factorOf, use }: VerifiedDiscovery
) {
  const { store, environment, now } = context
  const factor = factorOf({ email_id: newId('email', environment), email_address })
  const { token, intermediate_session, write } = startIntermediateSession(
    context,
    { member_id: null, organization_id: null, email_address },
    addFactor([], factor, now)
  )
  const discovered = await discoverOrganizations(context, intermediate_session)
  await store.run([...use, write])
  return {
    intermediate_session_token: token,
    email_address,
    discovered_organizations: discovered.map((entry) => viewDiscovered(entry, now))
  }
}
