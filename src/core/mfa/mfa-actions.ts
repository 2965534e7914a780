import type { Client } from '../../client/create-client.ts'
import { AccessError } from '../../errors/access-error.ts'
import type { CallOptions } from '../../wire/route.ts'
import type { MfaEnrollment } from '../../wire/totps.ts'
import type { LateCookies, Outgoing } from '../answer/late-cookies.ts'
import { assertRecentFactors, planRecentFactor } from '../guard/recent-factor.ts'
import type { Fields } from '../request/body.ts'
import type { AuthRequest } from '../request/request.ts'
import {
  type AuthenticatingResponse,
  type CompletingContext,
  completeSignIn,
  noteSignIn,
  readOwnPath
} from '../sign-in/sign-in.ts'
import type { Attempt } from './attempts.ts'
import type { SessionReference } from './session-reference.ts'

/** What an action did. */
export type Outcome =
  | {
      readonly kind: 'done'
      readonly next: string
      readonly result: object
      readonly lateCookies: Outgoing['lateCookies']
    }
  | { readonly kind: 'goOn'; readonly page: string; readonly lateCookies: readonly LateCookies[] }
  | { readonly kind: 'shown'; readonly totp: ShownTotp }

/** Secrets that are shown once. */
export interface ShownTotp {
  readonly secret: string
  readonly qr_code: string
  readonly recovery_codes: readonly string[]
}

export interface MfaParts extends CompletingContext {
  readonly client: Client
}

/** The request that asks for an action, and what calls of the API are made with for it. */
export interface MfaCall {
  readonly request: AuthRequest
  readonly beganAt: number
  readonly options: CallOptions
}

type Run = (
  parts: MfaParts,
  reference: SessionReference,
  fields: Fields,
  call: MfaCall
) => Promise<Outcome>

export interface MfaAction {
  /** What of it is counted. */
  readonly counts: Attempt | undefined
  /** The page that shows what was wrong. */
  readonly page: string
  readonly run: Run
}

/** By path below `mfaPath`. */
export const mfaActions: Readonly<Record<string, MfaAction>> = {
  '/method': { counts: undefined, page: '/enroll', run: chooseMethod },
  '/sms/send': { counts: 'send', page: '/sms', run: sendSms },
  '/sms': { counts: 'code', page: '/sms', run: verifySms },
  '/totp/create': { counts: 'setUp', page: '/enroll', run: createTotp },
  '/totp': { counts: 'code', page: '/totp', run: verifyTotp },
  '/recovery': { counts: 'code', page: '/recovery', run: useRecoveryCode }
}

/** A stolen session must not be able to give itself a second factor, and by it pass for a person. */
const enrolling = planRecentFactor({ withinMinutes: 10 })

async function chooseMethod(
  _parts: MfaParts,
  _carrier: SessionReference,
  { method }: Fields
): Promise<Outcome> {
  const pages: Readonly<Record<string, string>> = { totp: '/totp', sms_otp: '/sms' }
  const page =
    typeof method === 'string' && Object.hasOwn(pages, method) ? pages[method] : undefined
  if (page === undefined) throw malformed('method must be totp or sms_otp.')
  return { kind: 'goOn', page, lateCookies: [] }
}

async function sendSms(
  parts: MfaParts,
  reference: SessionReference,
  fields: Fields,
  { beganAt, options }: MfaCall
): Promise<Outcome> {
  const mfa_phone_number = readText(fields, 'mfa_phone_number')?.replace(/[\s()./-]/g, '')
  const locale = readText(fields, 'locale')
  if (mfa_phone_number !== undefined) assertRecentForEnrolment(parts, reference)
  const { member } = await parts.client.otps.sms.send(
    {
      ...reference.identity,
      ...(mfa_phone_number !== undefined && { mfa_phone_number }),
      ...(locale !== undefined && { locale })
    },
    options
  )
  const lateCookies = await noteSent(parts, reference, member.mfa_phone_number, beganAt)
  return { kind: 'goOn', page: '/sms', lateCookies }
}

/** The next step of a pending sign-in is now to type that code. */
async function noteSent(
  parts: MfaParts,
  reference: SessionReference,
  mfa_phone_number: string,
  beganAt: number
): Promise<readonly LateCookies[]> {
  if (reference.kind === 'session') return []
  const { state } = reference.bound
  const member_options = {
    totp_registration_id: state.mfa_required?.member_options?.totp_registration_id ?? '',
    mfa_phone_number: mask(mfa_phone_number)
  }
  const mfa_required = { member_options, secondary_auth_initiated: 'sms_otp' }
  return noteSignIn(parts, { ...reference.bound, state: { ...state, mfa_required } }, beganAt)
}

/** All but the last four digits, as the API masks a number. */
function mask(mfa_phone_number: string): string {
  return mfa_phone_number.slice(0, -4).replace(/./g, 'X') + mfa_phone_number.slice(-4)
}

async function verifySms(
  parts: MfaParts,
  reference: SessionReference,
  fields: Fields,
  { request, options }: MfaCall
): Promise<Outcome> {
  const result = await parts.client.otps.sms.authenticate(
    {
      ...reference.identity,
      ...readEnrollment(fields),
      code: readCode(fields, 'code')
    },
    options
  )
  return finish(parts, request, fields, result)
}

async function createTotp(parts: MfaParts, reference: SessionReference): Promise<Outcome> {
  assertRecentForEnrolment(parts, reference)
  const { secret, qr_code, recovery_codes } = await parts.client.totps.create(reference.identity)
  return { kind: 'shown', totp: { secret, qr_code, recovery_codes } }
}

async function verifyTotp(
  parts: MfaParts,
  reference: SessionReference,
  fields: Fields,
  { request, options }: MfaCall
): Promise<Outcome> {
  const result = await parts.client.totps.authenticate(
    {
      ...reference.identity,
      ...readEnrollment(fields),
      code: readCode(fields, 'code')
    },
    options
  )
  return finish(parts, request, fields, result)
}

async function useRecoveryCode(
  parts: MfaParts,
  reference: SessionReference,
  fields: Fields,
  { request, options }: MfaCall
): Promise<Outcome> {
  const { recovery_codes_remaining, ...result } = await parts.client.recoveryCodes.recover(
    { ...reference.identity, recovery_code: readCode(fields, 'recovery_code') },
    options
  )
  return finish(parts, request, fields, result, { recovery_codes_remaining })
}

async function finish(
  parts: MfaParts,
  request: AuthRequest,
  fields: Fields,
  answer: AuthenticatingResponse,
  more: object = {}
): Promise<Outcome> {
  const return_to = readOwnPath(fields.return_to, parts.config)
  const completed = await completeSignIn(parts, request, answer, { return_to })
  const { headers, lateCookies, ...result } = completed
  return { kind: 'done', next: completed.next, result: { ...result, ...more }, lateCookies }
}

function assertRecentForEnrolment({ config }: MfaParts, reference: SessionReference): void {
  if (reference.kind === 'pending') return
  const clock = { now: config.now(), toleranceMs: config.clockToleranceMs }
  assertRecentFactors(enrolling, reference.member_session, clock)
}

function readEnrollment({ set_mfa_enrollment, set_default_mfa }: Fields): MfaEnrollment {
  const isDefault = set_default_mfa === true || set_default_mfa === 'true'
  return {
    ...(typeof set_mfa_enrollment === 'string' &&
      set_mfa_enrollment !== '' && { set_mfa_enrollment }),
    ...(isDefault && { set_default_mfa: true })
  }
}

/** People type codes as they read them, in groups. */
function readCode(fields: Fields, name: string): string {
  return readText(fields, name)?.replace(/\s/g, '') ?? ''
}

function readText(fields: Fields, name: string): string | undefined {
  const value = fields[name]
  if (value === undefined || value === null || value === '') return undefined
  if (typeof value !== 'string') throw malformed(`${name} must be a string.`)
  return value
}

function malformed(hint: string): AccessError {
  return new AccessError('request_malformed', { reason: 'malformed_field', required: { hint } })
}
