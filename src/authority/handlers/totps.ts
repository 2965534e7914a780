import type { RequestOf } from '../../wire/routes.ts'
import type { Context, Handler } from '../context.ts'
import { newId } from '../crypto/tokens.ts'
import {
  isTotpCode,
  newRecoveryCodes,
  newTotpSecret,
  totpQrCode,
  totpStep
} from '../crypto/totp.ts'
import { addFactor, totpProof } from '../domain/factors.ts'
import { viewMember } from '../domain/member-view.ts'
import { mfaPreferences, refuseMfaBypass, refuseMfaStep } from '../domain/mfa.ts'
import { viewOrganization } from '../domain/organization-view.ts'
import { problem } from '../domain/problem.ts'
import type {
  IntermediateSessionRecord,
  MemberRecord,
  OrganizationRecord,
  SessionRecord,
  TotpRecord
} from '../domain/records.ts'
import type { Write } from '../domain/writes.ts'
import { demand, Refusal } from '../refusal.ts'
import { attempt, type Guesser } from '../steps/attempts.ts'
import { prepareIssue, startSession, touchSession } from '../steps/issue-session.ts'
import { loadIntermediateSession, loadOrganizationAndMember, loadSession } from '../steps/load.ts'
import { retryWhileStale } from '../steps/retry-while-stale.ts'
import { consume } from '../steps/sign-in.ts'
import { openTotpSecret, sealedRegistration } from '../steps/totp-registration.ts'

const minuteMs = 60_000
const defaultExpirationMinutes = 60
const recoveryCodeForm = /^[a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4}$/i

/** A registration that waits for its first code, instead of any other that still waits. */
export const create: Handler<'totps.create'> = async (context, request) => {
  const { store, environment, now } = context
  const { organization, member } = await loadOrganizationAndMember(context, request)
  const carrier = namesCarrier(request) ? await loadCarrier(context, member, request) : undefined
  demand(refuseMfaStep('totp', organization, member, intermediateFactors(carrier)))
  demand(refuseMfaBypass(member, carrier?.record.authentication_factors ?? []))

  const secret = newTotpSecret()
  const recovery_codes = newRecoveryCodes()
  const totp_registration_id = newId('member-totp', environment)
  const { expiration_minutes = defaultExpirationMinutes } = request
  const writes = sealedRegistration(context, {
    member_id: member.member_id,
    totp_registration_id,
    secret,
    recovery_codes,
    active: false,
    expires_at: now + expiration_minutes * minuteMs
  })
  demand(await store.run(writes))

  return {
    member_id: member.member_id,
    totp_registration_id,
    secret,
    qr_code: totpQrCode(secret, organization.organization_name, member.email_address),
    recovery_codes,
    member: viewMember(member, organization, now),
    organization: viewOrganization(organization)
  }
}

/**
 * - The session or intermediate session must be the member's, and primary authentication complete.
 * - A first code enrols a factor, so what held for the registration holds again: another factor may have come since.
 * - The code is counted before it is compared; each step counts once.
 * - The step, the end of the intermediate session and the new session are one unit: all or nothing.
 */
export const authenticate: Handler<'totps.authenticate'> = async (context, request) => {
  if (!namesCarrier(request)) throw new Refusal(problem('no_session_arguments'))
  const { organization, member } = await loadOrganizationAndMember(context, request)
  const carrier = await loadCarrier(context, member, request)
  demand(refuseMfaStep('totp', organization, member, intermediateFactors(carrier)))
  refuseCodeForm(request.code)
  const totp = await loadTotp(context, member)
  if (!totp.active) demand(refuseMfaBypass(member, carrier.record.authentication_factors))

  const secret = openTotpSecret(context, member.member_id, totp)
  const step = await attempt(context, guesserOf(member, carrier), async () =>
    totpStep(secret, request.code, context.now)
  )
  if (step === undefined) throw new Refusal(problem('unable_to_authenticate_totp'))

  return retryWhileStale(() => complete(context, { organization, member, totp, step }, request))
}

interface Proven {
  readonly organization: OrganizationRecord
  readonly member: MemberRecord
  readonly totp: TotpRecord
  readonly step: number
}

async function complete(
  context: Context,
  { organization, member, totp, step }: Proven,
  request: RequestOf<'totps.authenticate'>
) {
  const { store, now } = context
  const { member_id } = member
  const { totp_registration_id } = totp
  const carrier = await loadCarrier(context, member, request)
  const proof = totpProof(totp_registration_id)
  const factors = addFactor(carrier.record.authentication_factors, proof, now)
  const { session, write } = carrier.isSession
    ? touchSession(context, carrier.record, request, factors)
    : startSession(context, member, factors, request)

  const otherwise = problem('totp_code_already_authenticated')
  const preferences = mfaPreferences('totp', organization, member, request)
  const writes: Write[] = [
    { do: 'useTotpStep', member_id, totp_registration_id, step, now, otherwise },
    ...(carrier.isSession ? [] : [consume(carrier.record, now)]),
    write,
    { do: 'setMfaPreferences', member_id, ...preferences, now },
    { do: 'forgetFailures', member_id }
  ]
  const issueSession = await prepareIssue(context, session)
  demand(await store.run(writes))

  const changed = await loadOrganizationAndMember(context, request)
  return {
    member_id,
    member: viewMember(changed.member, organization, now),
    organization: viewOrganization(organization),
    ...(await issueSession(changed.member, organization)),
    member_device: null
  }
}

/** What the call continues: a session, or an intermediate session that is to become one. */
type Carrier =
  | { readonly isSession: true; readonly record: SessionRecord }
  | { readonly isSession: false; readonly record: IntermediateSessionRecord }

interface CarrierRequest {
  readonly intermediate_session_token?: string
  readonly session_token?: string
  readonly session_jwt?: string
}

/** Whether the request names one. Naming several is refused. */
function namesCarrier(request: CarrierRequest): boolean {
  const { intermediate_session_token, session_token, session_jwt } = request
  const given = [intermediate_session_token, session_token, session_jwt].filter(
    (credential) => credential !== undefined
  )
  if (given.length > 1) throw new Refusal(problem('too_many_session_arguments'))
  return given.length === 1
}

async function loadCarrier(
  context: Context,
  { member_id, organization_id }: MemberRecord,
  request: CarrierRequest
): Promise<Carrier> {
  const { intermediate_session_token } = request
  const carrier: Carrier =
    intermediate_session_token === undefined
      ? { isSession: true, record: await loadSession(context, request) }
      : {
          isSession: false,
          record: await loadIntermediateSession(context, intermediate_session_token)
        }
  if (!carrier.isSession && carrier.record.organization_id !== organization_id) {
    throw new Refusal(problem('invalid_intermediate_session_token_for_organization'))
  }
  if (carrier.record.member_id !== member_id) {
    throw new Refusal(problem('member_session_member_id_mismatch'))
  }
  return carrier
}

/** A code that came with an intermediate session counts against that as well. */
function guesserOf({ member_id }: MemberRecord, carrier: Carrier): Guesser {
  const guess = 'code'
  return carrier.isSession
    ? { member_id, guess }
    : { member_id, guess, intermediate_session_id: carrier.record.intermediate_session_id }
}

/** A session has met the primary requirements when it began; an intermediate session may not have. */
function intermediateFactors(carrier: Carrier | undefined) {
  return carrier === undefined || carrier.isSession
    ? undefined
    : carrier.record.authentication_factors
}

function refuseCodeForm(code: string): void {
  if (isTotpCode(code)) return
  const type = recoveryCodeForm.test(code) ? 'recovery_code_used_as_totp_code' : 'invalid_totp_code'
  throw new Refusal(problem(type))
}

async function loadTotp({ store, now }: Context, { member_id }: MemberRecord): Promise<TotpRecord> {
  const totp = await store.findTotp(member_id)
  if (totp === undefined) throw new Refusal(problem('totp_not_found'))
  if (!totp.active && totp.expires_at <= now) throw new Refusal(problem('expired_totp'))
  return totp
}
