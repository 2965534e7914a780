import type { RequestOf } from '../../wire/routes.ts'
import type { Context, Handler } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import { passwordFactor } from '../domain/factors.ts'
import {
  canonicalEmail,
  changeMember,
  createMember,
  writesOfChange,
  writesOfCreation
} from '../domain/members.ts'
import { isStrong, ludsFeedback, strengthHints } from '../domain/password-strength.ts'
import type { MemberRecord, OrganizationRecord } from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'
import { runMemberWrites } from '../run-member-writes.ts'
import { about } from '../steps/about.ts'
import { answerMember } from '../steps/answer-member.ts'
import { assertUnclaimedForCaller } from '../steps/assert-unclaimed.ts'
import { loadOrganization } from '../steps/load.ts'
import { memberContext } from '../steps/member-context.ts'
import { isKnownToHaveLeaked } from '../steps/password-strength.ts'
import { assertMayLinkNumber } from '../steps/phone-number-owner.ts'
import { finishPrimary } from '../steps/primary-factor.ts'
import { retryWhileStale } from '../steps/retry-while-stale.ts'
import { loadReferencedSession } from '../steps/session-reference.ts'
import { confirmPassword, verifyMemberPassword } from '../steps/verify-password.ts'
import { endedByLostRoles } from './members.ts'

/** The session starts only if the password is still the one that was compared. */
export const authenticate: Handler<'passwords.authenticate'> = async (context, request) => {
  const organization = await loadOrganization(context, request.organization_id)
  const referenced = await loadReferencedSession(context, request)
  const { member, password } = await verifyMemberPassword(context, organization, request)
  const { passwords } = context
  const isCurrent = passwords.isCurrent(password.hash)
  const hash = isCurrent ? password.hash : await passwords.hash(request.password)
  const writes = confirmPassword(member, { ...password, hash })
  return finishPrimary(context, request, {
    organization,
    member,
    factor: passwordFactor,
    referenced,
    writes
  })
}

/** Rates a password without a member: the e-mail address is only what the password must not resemble. */
export const strengthCheck: Handler<'passwords.strengthCheck'> = async (
  context,
  { password, email_address }
) => {
  const rating = await context.strengthMeter.rate(password, strengthHints({ email_address }))
  const breached_password = await isKnownToHaveLeaked(context, password)
  const { score, warning, suggestions } = rating
  return {
    valid_password: isStrong(rating) && !breached_password,
    score,
    breached_password,
    strength_policy: 'zxcvbn',
    breach_detection_on_create: context.isBreachedPassword !== undefined,
    luds_feedback: ludsFeedback(password),
    zxcvbn_feedback: { warning, suggestions: [...suggestions] }
  }
}

/** Takes over a password that is in use elsewhere, and the member with it: active, with a verified address. */
export const migrate: Handler<'passwords.migrate'> = (context, request) =>
  retryWhileStale(async () => {
    const { store, environment, now } = context
    const organization = await loadOrganization(context, request.organization_id)
    const stored = await context.passwords.importHash(request)

    const email_address = canonicalEmail(request.email_address)
    const before = about(
      context,
      await store.findMemberByEmail(organization.organization_id, email_address)
    )
    if (before === undefined) await assertUnclaimedForCaller(context, organization, email_address)
    const migrated = migratedMember(context, organization, before, request)
    const member_password_id = newId('member-password', environment)
    const { member_id } = migrated
    const passwordWrites: Write[] = [
      { do: 'deleteMemberLinks', member_id, kind: 'password_reset' },
      {
        do: 'insertPassword',
        member_id,
        password: { member_password_id, hash: stored },
        now,
        onConflict: 'password_already_exists'
      }
    ]
    const writes =
      before === undefined ? writesOfCreation(migrated) : writesOfChange(before, migrated)
    const ended = endedByLostRoles(context, before, migrated, request)
    await assertMayLinkNumber(context, before, migrated)
    await runMemberWrites(context, migrated, [...writes, ...passwordWrites, ...ended])

    return {
      ...answerMember(context, { ...migrated, member_password_id }, organization),
      member_created: before === undefined
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
  const member =
    before === undefined
      ? createMember(
          organization.organization_id,
          newId('member', context.environment),
          { ...fields, email_address: request.email_address, external_id: request.external_id },
          outside
        )
      : changeMember(before, fields, outside)
  const verifiesPhone = request.set_phone_number_verified === true && mfa_phone_number !== undefined
  return {
    ...member,
    status: 'active',
    email_address_verified: true,
    mfa_phone_number_verified: member.mfa_phone_number_verified || verifiesPhone
  }
}
