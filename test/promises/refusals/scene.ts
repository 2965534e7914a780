import type { Organization } from 'membergate/client'
import type { OperationName } from '../../../src/wire/routes.ts'
import { profiles, trustedToken } from '../../support/external.ts'
import { emailIdOf, insertIntermediateSession, magicLinkFactor } from '../../support/factors.ts'
import type { Fixture } from '../../support/fixture.ts'
import { newPhone, type Person } from '../../support/people.ts'
import { type Request, requests } from '../../support/requests.ts'
import { runSql } from '../../support/run-sql.ts'
import { totpCode } from '../../support/totp-code.ts'

/** A call that succeeds, in an organization of its own. */
export interface Scene {
  readonly operation: OperationName
  readonly request: Request
  readonly organization_id: string
  /** The member that the call is about, or else some member of the organization. */
  readonly person: Person
  /** The fixture as seen from the organization: members are created in it, unless said otherwise. */
  readonly fixture: Fixture
}

export async function newScene(everywhere: Fixture, operation: OperationName): Promise<Scene> {
  const A = await everywhere.newOrganization()
  const fixture = inside(everywhere, A)
  const persons: Person[] = []
  const newPerson: Fixture['newPerson'] = async (fields) => {
    const person = await fixture.newPerson(fields)
    persons.push(person)
    return person
  }
  const request = await requests[operation](withCheapFactors({ ...fixture, newPerson }))
  const organization_id = String(request.organization_id ?? A.organization_id)
  const ofScene = withCheapFactors(inside(everywhere, { ...A, organization_id }))
  return {
    operation,
    request,
    organization_id,
    person:
      persons.find((person) => person.organization_id === organization_id) ??
      (await ofScene.newPerson()),
    fixture: ofScene
  }
}

/** The fixture as seen from an organization. */
function inside(fixture: Fixture, A: Organization): Fixture {
  const { organization_id } = A
  return { ...fixture, A, newPerson: (fields) => fixture.newPerson({ organization_id, ...fields }) }
}

export const totp_secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
export const recovery_codes = ['abcd-efgh-2345', 'bcde-fghi-3456', 'cdef-ghij-4567']

/**
 * Members sign in by what costs no key derivation, and hold factors that came from elsewhere: a rejected call needs the
 * state, not the way to it.
 */
export function withCheapFactors(fixture: Fixture): Fixture {
  const { client, clock } = fixture
  return {
    ...fixture,
    async signIn(person, options) {
      const token = await trustedToken(fixture, person, { profile: 'strong' })
      return client.sessions.attest({ profile_id: profiles.strong, token, ...options })
    },
    async beginSignIn(person) {
      const intermediate_session_token = await pendingSignIn(fixture, person)
      if (person.member.mfa_phone_number !== '') {
        await client.otps.sms.send({ ...idsOf(person), intermediate_session_token })
      }
      return intermediate_session_token
    },
    async newEnrolled(fields, options) {
      const person = await fixture.newPerson(fields)
      const { totp_registration_id } = await client.totps.migrate({
        ...idsOf(person),
        secret: totp_secret,
        recovery_codes
      })
      const mfa_enrolled = options?.set_mfa_enrollment !== 'unenroll'
      const { member } = await client.organizations.members.update({
        ...idsOf(person),
        mfa_enrolled
      })
      return { ...person, member, secret: totp_secret, totp_registration_id }
    },
    async newPhoned(fields = {}, { verified = true, mfa_enrolled = true } = {}) {
      const mfa_phone_number = fields.mfa_phone_number ?? newPhone()
      const person = await fixture.newPerson({
        ...fields,
        mfa_phone_number,
        set_phone_number_verified: verified
      })
      const { member } = await client.organizations.members.update({
        ...idsOf(person),
        mfa_enrolled
      })
      return { ...person, member, mfa_phone_number }
    },
    nextCode: (secret) => totpCode(secret, clock.now())
  }
}

/** An intermediate session of the member, who came by a link in an e-mail. */
export async function pendingSignIn(fixture: Fixture, person: Person): Promise<string> {
  const { database, project_id, clock } = fixture
  const { organization_id, member_id, email_address } = person
  const now = clock.now()
  const email_id = await emailIdOf(database, member_id)
  return insertIntermediateSession(database, {
    project_id,
    organization_id,
    member_id,
    email_address,
    authentication_factors: [magicLinkFactor(email_address, now, email_id)],
    now
  })
}

export function idsOf({ organization_id, member_id }: Person) {
  return { organization_id, member_id }
}

/** Changes the row of the member, as only time or other calls could. */
export async function setMember(
  { person: { member_id }, fixture }: Pick<Scene, 'person' | 'fixture'>,
  columns: Readonly<Record<string, string | number>>
): Promise<void> {
  const names = Object.keys(columns)
  const changes = names.map((name, index) => `${name} = $${index + 2}`).join(', ')
  await runSql(
    fixture.database,
    `update members set ${changes}, version = version + 1 where member_id = $1`,
    [member_id, ...Object.values(columns)]
  )
}

export function newAddress(domain = 'acme.example'): string {
  return `${crypto.randomUUID()}@${domain}`
}

/** A domain that another organization claims. */
export async function claimedDomain({ fixture }: Pick<Scene, 'fixture'>): Promise<string> {
  const domain = `${crypto.randomUUID()}.example`
  await fixture.newOrganization({ claimed_email_domains: [domain] })
  return domain
}
