import type {
  B2BOrganizationsMembersCreateRequest,
  B2BOrganizationsMembersUpdateRequest
} from '../../wire/organizations-members.ts'
import { isPathWord } from '../../wire/path-words.ts'
import { emailCodesOf } from './lockables.ts'
import { mergeMetadata } from './metadata.ts'
import { type Conflict, OperationError } from './operation-error.ts'
import { looksLikeId } from './organizations.ts'
import type { MemberRecord } from './records.ts'
import { assertAssignableRoles, assignDirectly, maxRoleBytes } from './roles.ts'
import { mailboxOf } from './send-limits.ts'
import type { MemberRow, Write } from './writes.ts'

export const noPhoneNumber = {
  phone_id: '',
  mfa_phone_number: '',
  mfa_phone_number_verified: false,
  mfa_phone_verified_at: null
} as const

/** What a rule about members needs from outside: ids, the time, the roles that can be assigned. */
export interface MemberContext {
  readonly email_id: string
  readonly phone_id: string
  readonly roles: ReadonlySet<string>
  readonly now: number
}

type NewMember = Omit<B2BOrganizationsMembersCreateRequest, 'organization_id'>
type Changes = Omit<B2BOrganizationsMembersUpdateRequest, 'organization_id' | 'member_id'>

export function createMember(
  organization_id: string,
  member_id: string,
  request: NewMember,
  context: MemberContext
): MemberRecord {
  const blank: MemberRecord = {
    member_id,
    organization_id,
    external_id: null,
    email_id: context.email_id,
    email_address: canonicalEmail(request.email_address),
    email_address_verified: false,
    retired_email_addresses: [],
    status: request.create_member_as_pending === true ? 'pending' : 'active',
    name: '',
    is_breakglass: false,
    mfa_enrolled: false,
    default_mfa_method: '',
    ...noPhoneNumber,
    oauth_registrations: [],
    roles: [],
    trusted_metadata: {},
    untrusted_metadata: {},
    version: 0,
    created_at: context.now,
    updated_at: context.now,
    locks: [],
    member_password_id: '',
    totp_registration_id: ''
  }
  const { email_address, create_member_as_pending, ...fields } = request
  return changeMember(blank, fields, context)
}

/**
 * The member with the changes, or an error that says why they cannot be. What is left out stays as it is.
 *
 * - A new address is unverified, and the password that belonged to the old one goes with it. The old address is
 *   retired, unless it is unlinked; the member may come back to it.
 * - A number can be added, unverified, but not replaced.
 * - Only a factor that the member has can be the default.
 */
export function changeMember(
  member: MemberRecord,
  request: Changes,
  context: MemberContext
): MemberRecord {
  const { external_id = member.external_id, roles } = request
  if (external_id !== null && external_id !== member.external_id && isReserved(external_id)) {
    throw new OperationError(
      'invalid_argument',
      'external_id must not look like an id, or a word of a path.'
    )
  }
  if (roles !== undefined) assertAssignableRoles(roles, context.roles, maxRoleBytes.assigned)
  const trusted_metadata = mergeMetadata(member.trusted_metadata, request.trusted_metadata)
  const untrusted_metadata = mergeMetadata(member.untrusted_metadata, request.untrusted_metadata)
  const phone = changedPhone(member, request.mfa_phone_number, context.phone_id)
  const default_mfa_method = changedDefaultMethod(member, request.default_mfa_method)
  return {
    ...member,
    ...changedEmail(member, request, context.email_id),
    ...phone,
    external_id,
    name: request.name ?? member.name,
    is_breakglass: request.is_breakglass ?? member.is_breakglass,
    mfa_enrolled: request.mfa_enrolled ?? member.mfa_enrolled,
    default_mfa_method,
    roles: roles === undefined ? member.roles : assignDirectly(member.roles, roles),
    trusted_metadata,
    untrusted_metadata,
    updated_at: context.now
  }
}

/** The writes that turn one state of a member into the other. Links that were sent to an old address set no password. */
export function writesOfChange(
  before: MemberRecord,
  after: MemberRecord,
  onConflict: Conflict = 'stale'
): Write[] {
  const { organization_id, member_id } = after
  const writes: Write[] = [{ do: 'updateMember', member: rowOf(after), onConflict }]
  if (before.email_address !== after.email_address) {
    writes.push(claimEmail(after))
    writes.push({ do: 'deleteMemberLinks', member_id, kind: 'password_reset' })
    if (after.member_password_id === '') writes.push({ do: 'deletePassword', member_id })
  }
  const kept = emailAddressesOf(after)
  const released = emailAddressesOf(before).filter((address) => !kept.includes(address))
  for (const email_address of released) {
    writes.push({ do: 'releaseEmail', organization_id, member_id, email_address })
  }
  return writes
}

/** `onConflict` is for an address that is another member's. */
export function writesOfCreation(member: MemberRecord, onConflict?: Conflict): Write[] {
  return [{ do: 'insertMember', member: rowOf(member) }, claimEmail(member, onConflict)]
}

export function domainOf(email_address: string): string {
  return email_address.slice(email_address.lastIndexOf('@') + 1)
}

/**
 * The writes that delete a member. What belongs to it ends with it: addresses and number, password, authenticator and
 * recovery codes, sessions and intermediate sessions. What describes it is kept.
 */
export function writesOfDeletion(member: MemberRecord, now: number): Write[] {
  const kept: MemberRecord = {
    ...member,
    ...noPhoneNumber,
    status: 'deleted',
    retired_email_addresses: [],
    default_mfa_method: '',
    updated_at: now
  }
  return [
    { do: 'deleteMember', member: rowOf(member), onConflict: 'stale' },
    { do: 'insertDeletedMember', member: rowOf(kept) }
  ]
}

/** The deleted member as it comes back: by a verified address, with nothing to sign in with but that. */
export function reactivateMember(deleted: MemberRecord, now: number): MemberRecord {
  if (!deleted.email_address_verified) throw new OperationError('email_unverified_for_reactivation')
  return { ...deleted, status: 'active', version: deleted.version + 1, updated_at: now }
}

export function writesOfReactivation(member: MemberRecord): Write[] {
  const { member_id } = member
  return [
    { do: 'deleteDeletedMember', member_id, onConflict: 'stale' },
    { do: 'insertMember', member: rowOf(member) },
    claimEmail(member, 'reactivation_email_belongs_to_another_member')
  ]
}

/**
 * The writes that take away what describes a deleted member. Where no other member of the project has its address, what
 * was sent to that by discovery and what counts its messages goes too.
 */
export function writesOfErasure({ member_id, email_address }: MemberRecord): Write[] {
  return [
    { do: 'deleteDeletedMember', member_id, onConflict: 'stale' },
    { do: 'eraseLinks', email_address },
    { do: 'eraseCodes', email_address },
    { do: 'eraseIntermediateSessions', email_address },
    { do: 'eraseFailures', email_address, lockable: emailCodesOf(email_address) },
    { do: 'eraseSendCounts', email_address, mailbox: mailboxOf(email_address) }
  ]
}

/** The current one and those that are retired. */
function emailAddressesOf({
  email_address,
  retired_email_addresses
}: MemberRecord): readonly string[] {
  return [email_address, ...retired_email_addresses.map((retired) => retired.email_address)]
}

/** E-mail addresses are compared in lower case, so they are kept so. */
export function canonicalEmail(email_address: string): string {
  return email_address.toLowerCase()
}

function claimEmail(
  { organization_id, member_id, email_address }: MemberRecord,
  onConflict: Conflict = 'duplicate_member_email'
): Write {
  return { do: 'claimEmail', organization_id, member_id, email_address, onConflict }
}

function rowOf(member: MemberRecord): MemberRow {
  const { member_password_id, totp_registration_id, locks, ...row } = member
  return row
}

function isReserved(external_id: string): boolean {
  return looksLikeId(external_id) || isPathWord('member_id', external_id.toLowerCase())
}

function changedEmail(
  member: MemberRecord,
  { email_address, unlink_email }: Changes,
  newEmailId: string
): Partial<MemberRecord> {
  const next = email_address === undefined ? member.email_address : canonicalEmail(email_address)
  if (next === member.email_address) return {}
  const comesBack = member.retired_email_addresses.find((retired) => retired.email_address === next)
  const stillRetired = member.retired_email_addresses.filter((retired) => retired !== comesBack)
  const old = { email_id: member.email_id, email_address: member.email_address }
  return {
    email_id: comesBack?.email_id ?? newEmailId,
    email_address: next,
    email_address_verified: false,
    retired_email_addresses: unlink_email === true ? stillRetired : [...stillRetired, old],
    member_password_id: ''
  }
}

function changedPhone(
  member: MemberRecord,
  mfa_phone_number: string | undefined,
  newPhoneId: string
): Partial<MemberRecord> {
  if (mfa_phone_number === undefined || mfa_phone_number === member.mfa_phone_number) return {}
  if (member.mfa_phone_number !== '') {
    throw new OperationError('duplicate_member_phone_number_for_member')
  }
  return { ...noPhoneNumber, mfa_phone_number, phone_id: newPhoneId }
}

function changedDefaultMethod(
  member: MemberRecord,
  method: string | undefined
): MemberRecord['default_mfa_method'] {
  if (method === undefined) return member.default_mfa_method
  if (method === 'totp' && member.totp_registration_id !== '') return 'totp'
  if (method === 'sms_otp' && member.mfa_phone_number_verified) return 'sms_otp'
  throw new OperationError('default_mfa_member_missing_factor')
}
