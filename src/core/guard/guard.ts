import { AccessError } from '../../errors/access-error.ts'
import { ConfigError } from '../../errors/config-error.ts'
import { subjectOf } from '../../errors/explanation.ts'
import { privateCause } from '../../errors/private-cause.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import { isTooOld } from '../../jwt/age.ts'
import { checkPermission, whyDenied } from '../../rbac/check-permission.ts'
import type { CompiledPolicy } from '../../rbac/compile-policy.ts'
import type { PolicySource } from '../../rbac/policy-source.ts'
import type { MemberSession } from '../../wire/member-session.ts'
import type { LateCookies } from '../answer/late-cookies.ts'
import { isPreflight, privateHeaders } from '../answer/refusal.ts'
import { withDebugLines } from '../explain/debug-lines.ts'
import { type Credential, readCredential } from '../request/credentials.ts'
import { type AuthRequest, isSafe } from '../request/request.ts'
import { assertSameSite } from '../request/same-site.ts'
import type { Authenticate } from '../session/authenticate.ts'
import type { Revocations } from '../session/revocations.ts'
import type { CheckedSession } from '../session/session-cache.ts'
import type { SignInContext } from '../sign-in/sign-in.ts'
import type { Decision } from './decision.ts'
import { createErrorDecision } from './error-decision.ts'
import type { GuardPlan, Permission } from './guard-options.ts'
import { assertRecentFactors } from './recent-factor.ts'
import type { AcceptedSession, RequestMemory } from './request-memory.ts'

/**
 * @param request the same object for the same request: what was decided is remembered by it
 * @param target path and query as the browser sees them
 * @param source what functions of the request are called with
 */
export type Guard<Source> = (
  request: AuthRequest,
  target: string,
  source: Source
) => Decision | Promise<Decision>

export interface GuardParts extends SignInContext {
  readonly authenticate: Authenticate
  readonly policySource: PolicySource
  readonly memory: RequestMemory
  readonly revocations: Revocations
}

/**
 * From request to decision: credential → same site → authenticate → tenancy → recent factor → permission.
 *
 * At once when the session is known and the policy at hand. It throws or rejects only for a mistake in the app, such as
 * a function of the request that throws.
 */
export function createGuard<Source>(parts: GuardParts, plan: GuardPlan<Source>): Guard<Source> {
  const { config, memory, authenticate, policySource, revocations, cookies } = parts
  const decideOnError = createErrorDecision(parts, plan)

  if (plan.permission !== undefined) policySource.expect(plan.permission)
  return withDebugLines(decide, memory)

  function decide(
    request: AuthRequest,
    target: string,
    source: Source
  ): Decision | Promise<Decision> {
    let credential: Credential | undefined
    let beganAt = cookies.now()
    const failed = (error: unknown) => decideOnError(request, target, error, credential, beganAt)
    try {
      const known = memory.recall(request)
      beganAt = known?.beganAt ?? beganAt
      credential = known?.credential ?? readCredential(request, config)
      assertUsable(request, credential)
      const decision =
        known !== undefined && isEnough(known)
          ? admit(request, source, known, undefined)
          : acceptAndAdmit(request, source, credential, beganAt)
      return decision instanceof Promise ? decision.catch(failed) : decision
    } catch (error) {
      return failed(error)
    }
  }

  function acceptAndAdmit(
    request: AuthRequest,
    source: Source,
    credential: Credential,
    beganAt: number
  ): Decision | Promise<Decision> {
    const maxAgeMs = credential.session_jwt === undefined ? plan.opaqueMaxAgeMs : plan.maxAgeMs
    const admitted = (checked: CheckedSession) =>
      admit(
        request,
        source,
        { checked, credential, maxAgeMs, beganAt },
        cookies.refresh(credential, checked, beganAt)
      )
    const checked = authenticate(credential, maxAgeMs)
    return checked instanceof Promise ? checked.then(admitted) : admitted(checked)
  }

  /** An earlier guard on this request looked as closely, or what it found is young enough for this one too. */
  function isEnough({ checked, maxAgeMs }: AcceptedSession): boolean {
    const isClose =
      plan.maxAgeMs >= maxAgeMs || !isTooOld(checked.verifiedAt, config.now(), plan.maxAgeMs)
    return isClose && revocations.allow(checked)
  }

  function assertUsable(
    request: AuthRequest,
    credential: Credential | undefined
  ): asserts credential {
    if (isPreflight(request) || credential === undefined) {
      throw new AccessError('session_required', { reason: 'no_credential' })
    }
    if (credential.transport === 'cookie' && !isSafe(request)) {
      assertSameSite(request, config)
    }
    if (credential.malformed !== undefined) {
      throw new AccessError('session_invalid', { reason: credential.malformed })
    }
  }

  /**
   * The session holds. Is it of the right organization, and may it do this? Whatever was said of caches before, an answer
   * behind this guard is one member's; what the app says afterwards is the app's.
   */
  function admit(
    request: AuthRequest,
    source: Source,
    accepted: AcceptedSession,
    lateCookies: readonly LateCookies[] | undefined
  ): Decision | Promise<Decision> {
    const { member_session } = accepted.checked
    assertTenant(plan, member_session, source)
    if (plan.recentFactor !== undefined) {
      const clock = { now: config.now(), toleranceMs: config.clockToleranceMs }
      assertRecentFactors(plan.recentFactor, member_session, clock)
    }
    if (plan.permission === undefined) {
      memory.remember(request, accepted)
      return { accepted: true, member_session, headers: privateHeaders, lateCookies }
    }
    const { permission } = plan
    const settle = (policy: CompiledPolicy): Decision => {
      const verdict = decidePermission(policy, member_session, permission)
      memory.remember(request, accepted)
      memory.rememberVerdict(request, verdict)
      return { accepted: true, member_session, verdict, headers: privateHeaders, lateCookies }
    }
    const policy = policySource.policyFor(member_session.organization_id)
    if (!(policy instanceof Promise)) return settle(policy)
    const unavailable = (error: unknown): never => {
      throw new UnavailableError('policy_unavailable', {
        reason: 'policy_unavailable',
        subject: subjectOf(member_session),
        cause: privateCause(error)
      })
    }
    return policy.catch(unavailable).then((fetched) =>
      // Much can have ended while the policy was fetched.
      revocations.allow(accepted.checked)
        ? settle(fetched)
        : acceptAndAdmit(request, source, accepted.credential, accepted.beganAt)
    )
  }
}

/** Compared exactly, each with its own claim: a slug may be spelt like the id of another organization. */
function assertTenant<Source>(
  { tenant }: GuardPlan<Source>,
  member_session: MemberSession,
  source: Source
): void {
  if (tenant === undefined) return
  const wanted = tenant.of(source)
  if (wanted instanceof Promise) {
    wanted.catch(() => {})
    throw new ConfigError(`${tenant.claim} must be a function that returns, not a promise.`)
  }
  if (typeof wanted !== 'string' || wanted === '' || wanted !== member_session[tenant.claim]) {
    throw new AccessError('organization_mismatch', {
      reason: 'wrong_organization',
      subject: subjectOf(member_session)
    })
  }
}

function decidePermission(
  policy: CompiledPolicy,
  member_session: MemberSession,
  { resource_id, action }: Permission
) {
  const verdict = checkPermission(policy, member_session.roles, resource_id, action)
  if (!verdict.authorized) {
    throw new AccessError('permission_denied', {
      reason: whyDenied(policy, resource_id, action),
      subject: subjectOf(member_session)
    })
  }
  return verdict
}
