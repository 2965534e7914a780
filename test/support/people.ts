import { hash } from '@node-rs/argon2'
import type { Member, MemberSession, Organization } from 'membergate/client'
import type { OpenAuthorityOptions } from 'membergate/testing'
import type { SharedClient } from './clients.ts'

export const password = 'correct horse battery staple'

export const totp_secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

/** A member with a password, as the authority knows it. */
export interface Person {
  readonly organization_id: string
  readonly member_id: string
  readonly email_address: string
  readonly member: Member
}

export interface Pair {
  readonly session_token: string
  readonly session_jwt: string
  readonly member_session: MemberSession
}

export interface Enrolled extends Person {
  readonly secret: string
  readonly totp_registration_id: string
}

export interface Phoned extends Person {
  readonly mfa_phone_number: string
}

const policy = {
  resources: [
    { resource_id: 'documents', description: 'Texts', actions: ['read', 'write', 'delete'] },
    { resource_id: 'invoices', description: 'Bills', actions: ['read', 'pay'] }
  ],
  roles: [
    {
      role_id: 'reader',
      description: 'Reads documents',
      permissions: [{ resource_id: 'documents', actions: ['read'] }]
    },
    {
      role_id: 'editor',
      description: 'Reads and writes documents',
      permissions: [{ resource_id: 'documents', actions: ['read', 'write'] }]
    },
    {
      role_id: 'accountant',
      description: 'Everything about invoices',
      permissions: [{ resource_id: 'invoices', actions: ['*'] }]
    }
  ]
}

/** The two projects of a fixture: one with three organizations, and another one. */
export function fixtureProjects(
  project: object,
  other: object,
  settings: object
): NonNullable<OpenAuthorityOptions['projects']> {
  return [
    {
      ...project,
      policy,
      settings,
      organizations: [
        {
          organization_name: 'Acme',
          organization_slug: 'acme',
          organization_external_id: 'acme.external'
        },
        {
          organization_name: 'Globex',
          organization_slug: 'globex',
          organization_external_id: 'globex.external',
          members: [{ email_address: 'both@globex.example', totp_secret }]
        },
        {
          organization_name: 'Hooli',
          organization_slug: 'hooli',
          auth_methods: 'RESTRICTED',
          allowed_auth_methods: ['password', 'magic_link'],
          members: [
            { email_address: 'waiting@hooli.example', create_member_as_pending: true, password }
          ]
        }
      ]
    },
    {
      ...other,
      settings: { sms_country_codes: ['US', 'DE', 'AF'], recent_factor_minutes: 60 },
      organizations: [{ organization_name: 'Acme', organization_slug: 'acme' }]
    }
  ]
}

/** An authenticator from the seed, and a number that is verified as the password is imported. */
export async function memberWithBoth(client: SharedClient, hash: string): Promise<Enrolled> {
  const answer = await client.passwords.migrate({
    organization_id: 'globex',
    email_address: 'both@globex.example',
    hash,
    hash_type: 'argon_2id',
    mfa_phone_number: '+12025550199',
    set_phone_number_verified: true
  })
  const { totp_registration_id } = answer.member
  return { ...personOf(answer), secret: totp_secret, totp_registration_id }
}

export function personOf({
  member,
  organization
}: {
  member: Member
  organization: Organization
}): Person {
  const { member_id, email_address } = member
  const { organization_id } = organization
  return { organization_id, member_id, email_address, member }
}

let phoneNumbers = 0

/** A number that no other member of this test file has. */
export function newPhone(): string {
  phoneNumbers += 1
  return `+1202555${1000 + phoneNumbers}`
}

/** The hash of `password` that another system made with little effort: to compare it costs next to nothing. */
export function importedHash(): Promise<string> {
  return hash(password, { algorithm: 2, memoryCost: 64, timeCost: 1, parallelism: 1 })
}

export interface SeededMember {
  readonly email_address: string
  /** The one of all members, or none. */
  readonly password?: string
  readonly [field: string]: unknown
}

export interface SeededOrganization {
  readonly organization_name: string
  readonly organization_slug: string
  readonly members: readonly SeededMember[]
}

/** The project of a test server: two organizations, and members in all states that guards tell apart. */
const project = {
  policy: {
    roles: [
      {
        role_id: 'editor',
        description: 'Writes documents',
        permissions: [{ resource_id: 'documents', actions: ['write', 'read'] }]
      }
    ],
    resources: [{ resource_id: 'documents', description: 'Texts', actions: ['read', 'write'] }]
  },
  organizations: [
    {
      organization_name: 'Acme',
      organization_slug: 'acme',
      members: [
        { email_address: 'admin@acme.test', name: 'Ada', roles: ['stytch_admin'], password },
        { email_address: 'member@acme.test', name: 'Max', password },
        { email_address: 'editor@acme.test', name: 'Eve', roles: ['editor'], password },
        {
          email_address: 'totp@acme.test',
          name: 'Tom',
          password,
          mfa_enrolled: true,
          totp_secret
        },
        { email_address: 'enroll@acme.test', name: 'Nell', password, mfa_enrolled: true }
      ]
    },
    {
      organization_name: 'Globex',
      organization_slug: 'globex',
      members: [{ email_address: 'boss@globex.test', roles: ['stytch_admin'], password }]
    }
  ]
}

export const seed = [project]

/** The same with more members, first those of Acme, then those of Globex. */
export function seedWith(...more: readonly (readonly SeededMember[])[]) {
  return {
    ...project,
    organizations: project.organizations.map(
      ({ members, ...organization }, index): SeededOrganization => ({
        ...organization,
        members: [...members, ...(more[index] ?? [])]
      })
    )
  }
}
