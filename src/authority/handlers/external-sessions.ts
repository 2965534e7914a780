import * as v from 'valibot'
import type { ErrorType } from '../../wire/error-types.ts'
import { emailAddress } from '../../wire/schema.ts'
import type { Context, Handler } from '../context.ts'
import { newId, sha256 } from '../crypto/tokens.ts'
import { importedFactor, trustedTokenFactor } from '../domain/factors.ts'
import { isEmailVerified } from '../domain/federated-email.ts'
import { canonicalEmail, createMember, writesOfCreation } from '../domain/members.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { MemberRecord, OrganizationRecord, TrustedTokenProfile } from '../domain/records.ts'
import { assertEmailVerified, type TrustedIdentity } from '../domain/trusted-tokens.ts'
import type { Write } from '../domain/writes.ts'
import { ProviderFailure } from '../external/fetch-json.ts'
import { about } from '../steps/about.ts'
import { assertMayAccept, assertUnclaimed } from '../steps/assert-unclaimed.ts'
import { finishExternal } from '../steps/external-sign-in.ts'
import { loadOrganization } from '../steps/load.ts'
import { memberContext } from '../steps/member-context.ts'
import { retryWhileStale } from '../steps/retry-while-stale.ts'
import { loadReferencedSession } from '../steps/session-reference.ts'
import { verifyTrustedToken } from '../steps/trusted-token.ts'

/**
 * - Nothing is looked up for a token that the profile's issuer did not sign, for us and lately.
 * - The organization is the one that the token names. Only where the profile creates no members may the request name it
 *   instead.
 * - The member is known by external id, else by an address that is verified. Where the profile may, one with such an
 *   address is created or activated.
 * - The use of the token, the member and the session are one unit: a token counts once, and is not lost to an error.
 */
export const attest: Handler<'sessions.attest'> = async (context, request) => {
  const profile = findProfile(context, request.profile_id)
  const identity = await verifyTrustedToken(context, profile, request.token)
  const organization = await loadOrganizationOf(context, profile, identity, request.organization_id)
  const loaded = await loadReferencedSession(context, request)

  return retryWhileStale(async (isFirstTry) => {
    const referenced = isFirstTry ? loaded : await loadReferencedSession(context, request)
    const { member, writes } = await findOrCreate(context, profile, identity, organization)
    const assertion = {
      organization,
      member,
      factor: trustedTokenFactor(identity.token_id),
      satisfies_mfa: profile.satisfies_mfa,
      session: referenced?.isSession ? referenced.record : undefined,
      writes: [useToken(context, profile, identity), ...writes]
    }
    const answer = await finishExternal(context, request, assertion).catch(joinedMeanwhile)
    return { ...answer, member_device: null }
  })
}

function findProfile({ project }: Context, profile_id: string): TrustedTokenProfile {
  const profile = project.settings.trusted_auth_token_profiles.find(
    (known) => known.profile_id === profile_id
  )
  if (profile === undefined) throw new OperationError('trusted_token_profile_not_found')
  return profile
}

async function loadOrganizationOf(
  context: Context,
  { can_jit_provision }: TrustedTokenProfile,
  { organization_id: claimed }: TrustedIdentity,
  requested: string | undefined
): Promise<OrganizationRecord> {
  const identifier = claimed ?? (can_jit_provision ? undefined : requested)
  if (identifier === undefined) throw new OperationError('token_missing_organization_id_claim')
  const organization = await loadOrganization(context, identifier)
  if (requested === undefined || requested === identifier) return organization
  const named = await loadOrganization(context, requested)
  if (named.organization_id !== organization.organization_id) {
    throw new OperationError('invalid_token_organization_id_claim')
  }
  return organization
}

async function findOrCreate(
  context: Context,
  profile: TrustedTokenProfile,
  identity: TrustedIdentity,
  organization: OrganizationRecord
): Promise<{ member: MemberRecord; writes: readonly Write[] }> {
  const { now } = context
  const byId = await findByExternalId(context, identity, organization)
  if (byId?.status === 'active') return { member: byId, writes: [] }
  assertEmailVerified(identity)
  const known = byId ?? (await findByEmail(context, identity, organization))
  if (known?.status === 'active') return { member: known, writes: [] }
  if (!profile.can_jit_provision) throw new OperationError('member_not_found')
  if (known === undefined) {
    await assertUnclaimed(context, organization, identity.email_address)
    const member = newMember(context, identity, organization)
    return { member, writes: writesOfCreation(member) }
  }
  if (known.email_address !== identity.email_address) throw new OperationError('member_not_found')
  await assertMayAccept(context, organization, known)
  const { member_id, email_id } = known
  return {
    member: { ...known, status: 'active', email_address_verified: true, updated_at: now },
    writes: [{ do: 'activateMember', member_id, email_id, now, onConflict: 'stale' }]
  }
}

async function findByExternalId(
  context: Context,
  { external_member_id }: TrustedIdentity,
  { organization_id }: OrganizationRecord
): Promise<MemberRecord | undefined> {
  if (external_member_id === undefined) return undefined
  const member = await context.store.findMember(organization_id, external_member_id)
  return member?.external_id === external_member_id ? about(context, member) : undefined
}

/** An address alone does not make a token that of a member whom the issuer knows by another id. */
async function findByEmail(
  context: Context,
  { external_member_id, email_address }: TrustedIdentity,
  { organization_id }: OrganizationRecord
): Promise<MemberRecord | undefined> {
  const { store } = context
  const member = about(context, await store.findMemberByEmail(organization_id, email_address))
  const external_id = member?.external_id ?? external_member_id
  if (external_member_id !== undefined && external_id !== external_member_id) {
    throw new OperationError('member_not_found')
  }
  return member
}

function newMember(
  context: Context,
  { email_address, external_member_id, role_ids }: TrustedIdentity,
  organization: OrganizationRecord
): MemberRecord {
  const created = createMember(
    organization.organization_id,
    newId('member', context.environment),
    { email_address, external_id: external_member_id, roles: [...role_ids] },
    memberContext(context, organization)
  )
  return { ...created, email_address_verified: true }
}

function useToken(
  { now }: Context,
  { profile_id }: TrustedTokenProfile,
  { token_id, expires_at }: TrustedIdentity
): Write {
  return {
    do: 'useTrustedToken',
    token_hash: sha256(JSON.stringify([profile_id, token_id])),
    expires_at,
    now,
    onConflict: 'invalid_trusted_auth_token'
  }
}

const duplicates: readonly ErrorType[] = ['duplicate_member_email', 'duplicate_member_external_id']

/** Another call created the member at the same time: it is there now, so the next try finds it. */
function joinedMeanwhile(error: unknown): never {
  const joined = error instanceof OperationError && duplicates.includes(error.error_type)
  throw joined ? new OperationError('stale') : error
}

/**
 * - The credential goes to the UserInfo endpoint of the project's settings, and is sent to or stored by nothing else.
 * - Only a member who is there and active signs in, by an address that counts as verified there.
 * - Whatever else the endpoint does is answered as a wrong credential: the authority cannot tell the two apart.
 */
export const migrate: Handler<'sessions.migrate'> = async (context, request) => {
  const { organization_id, session_token, ...options } = request
  const { userinfo_satisfies_mfa: satisfies_mfa } = context.project.settings
  const organization = await loadOrganization(context, organization_id)
  const email_address = await fetchEmailAddress(context, session_token)

  return retryWhileStale(async () => {
    const member = about(
      context,
      await context.store.findMemberByEmail(organization.organization_id, email_address)
    )
    if (member?.status !== 'active') {
      throw new OperationError('migrate_from_external_email_does_not_exist')
    }
    const assertion = {
      organization,
      member,
      factor: importedFactor,
      satisfies_mfa,
      session: undefined,
      writes: []
    }
    return finishExternal(context, options, assertion)
  })
}

const missingUserinfo = 'migrate_from_external_missing_userinfo'

const userinfo = v.looseObject({ email: emailAddress })

async function fetchEmailAddress(
  { project, providers }: Context,
  credential: string
): Promise<string> {
  const { userinfo_url, userinfo_email_verified } = project.settings
  if (userinfo_url === null) throw new OperationError(missingUserinfo)
  const answer = await providers.userinfo(userinfo_url, credential).catch(unexpectedResponse)
  const read = v.safeParse(userinfo, answer)
  if (!read.success || !isEmailVerified(read.output, userinfo_email_verified ?? 'claim')) {
    throw new OperationError(missingUserinfo)
  }
  return canonicalEmail(read.output.email)
}

function unexpectedResponse(error: unknown): never {
  throw error instanceof ProviderFailure
    ? new OperationError('migrate_from_external_unexpected_response')
    : error
}
