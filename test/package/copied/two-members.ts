import type { Client, Member, Organization } from 'membergate/client'
import { importedHash, password } from '../../support/people.ts'

/** What the other party must not read: a name of each value, and the value. */
export type Marks = ReadonlyMap<string, string>

/** Two members of one organization, and an administrator of it. */
export interface TwoMembers {
  readonly organization: Organization
  readonly colleague: Member
  readonly marks: Marks
  readonly addresses: { readonly member: string; readonly admin: string }
  /** The tokens of every session that was begun. */
  readonly secrets: readonly string[]
  /** The cookies of a new session. */
  signIn(email_address: string): Promise<string>
}

const totp_secret = 'MFRGGZDFMZTWQ2LKNNWG23TPOBYXE43U'
const recovery_codes = ['marked-recovery-code-1', 'marked-recovery-code-2']

/** What of a member others may read, and what says nothing of them alone. */
const unmarked = new Set([
  'organization_id',
  'member_id',
  'name',
  'email_address',
  'status',
  'is_breakglass',
  'email_address_verified',
  'mfa_phone_number_verified',
  'is_admin',
  'is_locked',
  'mfa_enrolled',
  'default_mfa_method',
  'created_at',
  'updated_at',
  'lock_created_at',
  'lock_expires_at',
  // No operation of the backend alone makes one.
  'sso_registrations',
  'oauth_registrations',
  'scim_registration'
])

/** Adds them to an organization, the colleague with a value in every field that a member can have. */
export async function addTwoMembers(client: Client, slug: string): Promise<TwoMembers> {
  const { organization_id } = (await client.organizations.get({ organization_id: slug }))
    .organization
  const { organization } = await client.organizations.update({
    organization_id,
    trusted_metadata: { plan: 'marked-plan' },
    organization_external_id: 'marked-organization-external-id'
  })
  const colleague = await addColleague(client, organization_id)
  const addresses = { member: 'roleless@acme.test', admin: 'other-admin@acme.test' }
  const named = { organization_id, hash_type: 'argon_2id', hash: await importedHash() }
  const { member } = await client.passwords.migrate({ ...named, email_address: addresses.member })
  const roles = ['stytch_admin']
  await client.passwords.migrate({ ...named, email_address: addresses.admin, roles })
  const secrets: string[] = []
  return {
    organization,
    colleague,
    secrets,
    marks: marksOf(organization, colleague, member),
    addresses,
    async signIn(email_address) {
      const { session_token, session_jwt } = await client.passwords.authenticate({
        organization_id,
        email_address,
        password
      })
      secrets.push(session_token, session_jwt)
      return `stytch_session=${session_token}; stytch_session_jwt=${session_jwt}`
    }
  }
}

async function addColleague(client: Client, organization_id: string): Promise<Member> {
  const { member_id } = await client.organizations.members.create({
    organization_id,
    email_address: 'marked-retired@acme.test',
    roles: ['stytch_admin']
  })
  const named = { organization_id, member_id }
  const email_address = 'colleague@acme.test'
  await client.organizations.members.update({
    ...named,
    email_address,
    external_id: 'marked-external-id'
  })
  await client.passwords.migrate({
    organization_id,
    email_address,
    name: 'Clara Colleague',
    hash: await importedHash(),
    hash_type: 'argon_2id',
    mfa_phone_number: '+12025550187',
    set_phone_number_verified: true,
    trusted_metadata: { salary: 'marked-salary' },
    untrusted_metadata: { mood: 'marked-mood' }
  })
  await client.totps.migrate({ ...named, secret: totp_secret, recovery_codes })
  return (await client.organizations.members.update({ ...named, mfa_enrolled: true })).member
}

/** Every value of the colleague's that the other member does not have as well, and what no answer of the API shows. */
function marksOf(organization: Organization, colleague: Member, other: Member): Marks {
  const marks = Object.entries(colleague).flatMap(([field, value]) => {
    if (unmarked.has(field)) return []
    const own = leavesOf(other[field as keyof Member])
    const found = leavesOf(value).filter((leaf) => !own.includes(leaf))
    // A field that is new here gets a value above, so that it is looked for.
    if (found.length === 0) throw new Error(`The colleague has no ${field}.`)
    return found.map((leaf) => [`${field} ${leaf}`, leaf.replace(/^\+/, '')] as const)
  })
  const ofOrganization = leavesOf(organization).filter((leaf) => leaf.startsWith('marked'))
  return new Map([
    ...marks,
    ...ofOrganization.map((leaf) => [`organization ${leaf}`, leaf] as const),
    ...recovery_codes.map((code) => [`recovery code ${code}`, code] as const),
    ['TOTP secret', totp_secret]
  ])
}

function leavesOf(value: unknown): string[] {
  if (typeof value === 'string') return value === '' ? [] : [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.values(value).flatMap(leavesOf)
}
