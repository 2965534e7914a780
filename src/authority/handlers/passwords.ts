import type { RequestOf } from '../../wire/routes.ts'
import type { AnswerOf, Context, Handler } from '../context.ts'
import { hashPassword, importHash, isOwnHash, verifyPassword } from '../crypto/passwords.ts'
import { newId } from '../crypto/tokens.ts'
import { addFactor, passwordProof } from '../domain/factors.ts'
import { forgetAfterPrimary } from '../domain/lockout.ts'
import { viewMember } from '../domain/member-view.ts'
import {
  canonicalEmail,
  changeMember,
  createMember,
  writesOfChange,
  writesOfCreation
} from '../domain/members.ts'
import { viewOrganization } from '../domain/organization-view.ts'
import { problem, stale } from '../domain/problem.ts'
import type { MemberRecord, OrganizationRecord } from '../domain/records.ts'
import { acceptsFactor } from '../domain/sign-in-requirements.ts'
import type { Write } from '../domain/writes.ts'
import { demand, Refusal } from '../refusal.ts'
import { runMemberWrites } from '../run-member-writes.ts'
import { attempt } from '../steps/attempts.ts'
import { prepareIssue, touchSession } from '../steps/issue-session.ts'
import {
  hasSessionCredential,
  loadIntermediateSession,
  loadOrganization,
  loadSession
} from '../steps/load.ts'
import { retryWhileStale } from '../steps/retry-while-stale.ts'
import { completedAnswer, finishSignIn } from '../steps/sign-in.ts'
import { endedByLostRoles, memberContext } from './members.ts'

type SignInRequest = RequestOf<'passwords.authenticate'>
type SignInAnswer = AnswerOf<'passwords.authenticate'>

/** Who signs in, with a password that was right, and the write that holds the sign-in to that password. */
interface Verified {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly confirmation: Write
}

/**
 * - Unknown address, no password and wrong password have one answer, after the same work.
 * - What the organization does not accept is refused only after the password was right.
 * - A session of the same member gains the factor, and no second factor is asked for; another member's is ignored.
 * - An intermediate session gives its factors, and must be of the same member.
 */
export const authenticate: Handler<'passwords.authenticate'> = async (context, request) => {
  const { session_token, session_jwt, intermediate_session_token } = request
  const credentials = [session_token, session_jwt, intermediate_session_token]
  if (credentials.filter((credential) => credential !== undefined).length > 1) {
    throw new Refusal(problem('too_many_session_arguments'))
  }
  const organization = await loadOrganization(context, request.organization_id)
  const session = hasSessionCredential(request) ? await loadSession(context, request) : undefined
  if (intermediate_session_token !== undefined) {
    const intermediate = await loadIntermediateSession(context, intermediate_session_token)
    if (intermediate.organization_id !== organization.organization_id) {
      throw new Refusal(problem('invalid_intermediate_session_token_for_organization'))
    }
  }

  const verified = await verifyCredentials(context, organization, request)
  if (!acceptsFactor(organization, verified.member, passwordProof)) {
    throw new Refusal(problem('operation_restricted_by_organization_auth_methods'))
  }
  const stepsUp = session?.member_id === verified.member.member_id
  return retryWhileStale(() =>
    stepsUp ? stepUp(context, verified, request) : signIn(context, verified, request)
  )
}

async function verifyCredentials(
  context: Context,
  organization: OrganizationRecord,
  request: SignInRequest
): Promise<Verified> {
  const { store } = context
  const email_address = canonicalEmail(request.email_address)
  const member = await store.findMemberByEmail(organization.organization_id, email_address)
  const password = member && (await store.findPassword(member.member_id))
  if (member === undefined || password === undefined) {
    await verifyPassword(request.password, null)
    throw new Refusal(problem('unauthorized_credentials'))
  }

  const { member_id } = member
  const verified = await attempt(context, { member_id, guess: 'password' }, async () =>
    (await verifyPassword(request.password, password.hash)) ? true : undefined
  )
  if (verified === undefined) throw new Refusal(problem('unauthorized_credentials'))
  const hash = isOwnHash(password.hash) ? password.hash : await hashPassword(request.password)
  return {
    organization,
    member,
    confirmation: {
      do: 'confirmPassword',
      member_id,
      password: { ...password, hash },
      otherwise: problem('unauthorized_credentials')
    }
  }
}

/** Adds the factor to the session that the request names. */
async function stepUp(
  context: Context,
  { organization, member, confirmation }: Verified,
  request: SignInRequest
): Promise<SignInAnswer> {
  const found = await loadSession(context, request)
  const factors = addFactor(found.authentication_factors, passwordProof, context.now)
  const { session, write } = touchSession(context, found, request, factors)
  const issueSession = await prepareIssue(context, session)
  demand(await context.store.run([confirmation, write, ...forgetAfterPrimary(member)]))
  const issued = await issueSession(member, organization)
  return {
    organization_id: organization.organization_id,
    ...completedAnswer(context, member, organization, issued)
  }
}

async function signIn(
  context: Context,
  { organization, member, confirmation }: Verified,
  request: SignInRequest
): Promise<SignInAnswer> {
  const { intermediate_session_token: token } = request
  const intermediate_session =
    token === undefined ? undefined : await loadIntermediateSession(context, token)
  if (intermediate_session !== undefined && intermediate_session.member_id !== member.member_id) {
    throw new Refusal(problem('member_session_member_id_mismatch'))
  }
  const earlier = intermediate_session?.authentication_factors ?? []
  const proven = {
    organization,
    member,
    factors: addFactor(earlier, passwordProof, context.now),
    writes: [confirmation],
    ...(token === undefined || intermediate_session === undefined
      ? {}
      : { continued: { token, intermediate_session } })
  }
  const answer = await finishSignIn(context, proven, request)
  return { organization_id: organization.organization_id, ...answer }
}

/** Takes over a password that is in use elsewhere, and the member with it: active, with a verified address. */
export const migrate: Handler<'passwords.migrate'> = (context, request) =>
  retryWhileStale(async () => {
    const { store, environment, now } = context
    const organization = await loadOrganization(context, request.organization_id)
    const { stored } = demand(importHash(request))

    const email_address = canonicalEmail(request.email_address)
    const before = await store.findMemberByEmail(organization.organization_id, email_address)
    const migrated = migratedMember(context, organization, before, request)
    const member_password_id = newId('member-password', environment)
    const password: Write = {
      do: 'insertPassword',
      member_id: migrated.member_id,
      password: { member_password_id, hash: stored },
      now,
      otherwise: problem('password_already_exists')
    }
    const writes =
      before === undefined ? writesOfCreation(migrated) : writesOfChange(before, migrated, stale)
    const ended = endedByLostRoles(context, before, migrated, request)
    await runMemberWrites(context, migrated, [...writes, password, ...ended])

    return {
      member_id: migrated.member_id,
      member_created: before === undefined,
      member: viewMember({ ...migrated, member_password_id }, organization, now),
      organization: viewOrganization(organization)
    }
  })

/** The member as the request wants it. A member who exists keeps the external id. */
function migratedMember(
  context: Context,
  organization: OrganizationRecord,
  before: MemberRecord | undefined,
  request: RequestOf<'passwords.migrate'>
): MemberRecord {
  const { name, trusted_metadata, untrusted_metadata, roles, mfa_phone_number } = request
  const fields = { name, trusted_metadata, untrusted_metadata, roles, mfa_phone_number }
  const outside = memberContext(context, organization)
  const member = demand(
    before === undefined
      ? createMember(
          organization.organization_id,
          newId('member', context.environment),
          { ...fields, email_address: request.email_address, external_id: request.external_id },
          outside
        )
      : changeMember(before, fields, outside)
  )
  const verifiesPhone = request.set_phone_number_verified === true && mfa_phone_number !== undefined
  return {
    ...member,
    status: 'active',
    email_address_verified: true,
    mfa_phone_number_verified: member.mfa_phone_number_verified || verifiesPhone
  }
}
