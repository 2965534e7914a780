import type { Client } from '../../client/create-client.ts'
import { AccessError } from '../../errors/access-error.ts'
import { ConfigError } from '../../errors/config-error.ts'
import { assertKnownOptions } from '../../errors/known-options.ts'
import { AnsweredCause } from '../../errors/private-cause.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import type { MemberSession } from '../../wire/member-session.ts'
import type { SignInResponse } from '../../wire/sign-in.ts'
import { type Action, type ActionCall, answerDone, createPostAction } from '../answer/action.ts'
import type { Answer } from '../answer/refusal.ts'
import { assertFactoryCalled, readTenant, type TenantOptions } from '../guard/guard-options.ts'
import { type Fields, readFields } from '../request/body.ts'
import { readCredential } from '../request/credentials.ts'
import { returnToOf } from '../request/return-to.ts'
import type { Authenticate } from '../session/authenticate.ts'
import { authorizationFrom } from '../session/authorization-from.ts'
import {
  saysSessionIsOver,
  saysSignInIsOver,
  sessionOver,
  signInOver
} from '../session/session-over.ts'
import { type CompletingContext, completeSignIn, readBoundState, readOwnPath } from './sign-in.ts'

/** Which organization to enter. Unset: the field `organization_id` of the body, an id or a slug. */
export type ChooseOrganizationOptions<Source> = TenantOptions<Source>

export interface ChooseOrganizationParts extends CompletingContext {
  readonly client: Client
  readonly authenticate: Authenticate
}

interface Target {
  readonly wanted: string
  /** What of the organization must be equal to it; `undefined` where a person chose, by any of its names. */
  readonly claim: 'organization_id' | 'organization_slug' | undefined
}

type Factory = 'switchOrganization' | 'chooseOrganization'

const knownOptions: Readonly<Record<keyof TenantOptions<unknown>, true>> = {
  organization_id: true,
  organization_slug: true
}

/**
 * Exchanges the session of the request's cookies for one in another organization. Until the new one is there, whole or
 * half, nothing of the old one is touched; at the API it goes on after that.
 */
export function createSwitchOrganization<Source>(
  parts: ChooseOrganizationParts,
  given: unknown
): Action<Source> {
  const { config, client, authenticate } = parts
  const targetOf = planTarget<Source>('switchOrganization', given)

  return createPostAction(parts, async (call) => {
    const credential = readCredential(call.request, config)
    if (credential === undefined || credential.transport !== 'cookie') {
      throw new AccessError('session_required', { reason: 'no_credential' })
    }
    if (credential.malformed !== undefined) {
      throw new AccessError('session_invalid', { reason: credential.malformed })
    }
    const checked = await authenticate(credential, Number.POSITIVE_INFINITY)
    const fields = await readFields(call.request, call.body)
    const target = targetOf(call.source, fields)
    if (isOf(checked.member_session, target)) return done(parts, call, fields)
    const result = await exchange(() =>
      client.sessions.exchange(
        {
          ...authorizationFrom(credential, checked),
          organization_id: target.wanted,
          ...localeOf(fields)
        },
        { clientIp: config.clientIp(call.source) }
      )
    )
    await assertChosenOrganization(parts, target, result)
    return done(parts, call, fields, result)
  })
}

/** Exchanges the intermediate session of a discovery sign-in for a session in the organization that was chosen. */
export function createChooseOrganization<Source>(
  parts: ChooseOrganizationParts,
  given: unknown
): Action<Source> {
  const { config, client } = parts
  const targetOf = planTarget<Source>('chooseOrganization', given)

  return createPostAction(parts, async (call) => {
    const pending = await readBoundState(parts, call.request)
    if (pending === undefined) {
      throw new AccessError('session_required', { reason: 'no_pending_sign_in' })
    }
    const fields = await readFields(call.request, call.body)
    const target = targetOf(call.source, fields)
    const { intermediate_session_token } = pending
    const result = await exchange(() =>
      client.discovery.intermediateSessions.exchange(
        {
          intermediate_session_token,
          organization_id: target.wanted,
          ...localeOf(fields)
        },
        { clientIp: config.clientIp(call.source) }
      )
    )
    await assertChosenOrganization(parts, target, result)
    return done(parts, call, fields, result)
  })
}

function planTarget<Source>(factory: Factory, given: unknown = {}) {
  assertFactoryCalled(factory, given)
  if (typeof given !== 'object' || given === null) {
    throw new ConfigError(`${factory} takes an object of options.`)
  }
  assertKnownOptions(factory, given, knownOptions)
  const tenant = readTenant<Source>(given)

  return function targetOf(source: Source, fields: Fields): Target {
    const wanted = tenant === undefined ? fields.organization_id : tenant.of(source)
    if (typeof wanted !== 'string' || wanted === '') {
      throw new AccessError('request_malformed', { reason: 'no_organization_named' })
    }
    return { wanted, claim: tenant?.claim }
  }
}

async function exchange(call: () => Promise<SignInResponse>): Promise<SignInResponse> {
  try {
    return await call()
  } catch (error) {
    if (saysSessionIsOver(error)) throw sessionOver(error)
    if (saysSignInIsOver(error)) throw signInOver(error)
    const { status_code, error_type } = Object(error)
    if (typeof status_code !== 'number') throw error
    const cause = new AnsweredCause(status_code, error_type)
    if (status_code === 429) {
      throw new AccessError('too_many_attempts', {
        reason: 'too_many_attempts_at_authority',
        cause
      })
    }
    if (status_code === 401 || status_code >= 500) {
      throw new UnavailableError('authority_unavailable', {
        reason: 'authority_error_status',
        cause
      })
    }
    throw new AccessError('organization_unavailable', { reason: 'rejected_by_authority', cause })
  }
}

/** The API takes an id, a slug or an external id for the same thing; a route means one of them. */
function isOf(
  organization: Pick<MemberSession, 'organization_id' | 'organization_slug'>,
  { wanted, claim }: Target
): boolean {
  return claim === undefined
    ? [organization.organization_id, organization.organization_slug].includes(wanted)
    : organization[claim] === wanted
}

async function assertChosenOrganization(
  { revoke }: ChooseOrganizationParts,
  target: Target,
  { organization, member_session }: SignInResponse
): Promise<void> {
  if (target.claim === undefined || isOf(organization, target)) return
  if (member_session) await revoke(member_session.member_session_id).catch(() => {})
  throw new AccessError('organization_unavailable', { reason: 'wrong_organization_answered' })
}

/** Without an answer the member was there already. */
async function done(
  parts: ChooseOrganizationParts,
  call: ActionCall,
  fields: Fields,
  result?: SignInResponse
): Promise<Answer> {
  // A form without `action` is sent to where it was shown, query and all.
  const wanted = fields.return_to ?? returnToOf(call.target)
  if (result === undefined) {
    const return_to = readOwnPath(wanted, parts.config) ?? '/'
    return answerDone(
      call,
      return_to,
      { member_authenticated: true, return_to, next: return_to },
      []
    )
  }
  const options = { return_to: wanted }
  const { headers, lateCookies, ...completed } = await completeSignIn(
    parts,
    call.request,
    result,
    options
  )
  return answerDone(call, completed.next, completed, lateCookies)
}

function localeOf({ locale }: Fields): { locale?: string } {
  return typeof locale === 'string' && locale !== '' ? { locale } : {}
}
