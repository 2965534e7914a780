import { AccessError } from '../../errors/access-error.ts'
import { ConfigError } from '../../errors/config-error.ts'
import { assertKnownOptions } from '../../errors/known-options.ts'
import type { RefusalError } from '../../errors/refusal-error.ts'
import { UnavailableError } from '../../errors/unavailable-error.ts'
import {
  type Action,
  announceRefusal,
  answerDone,
  answerError,
  type BegunCall,
  clearWhatIsOver,
  isOfPage,
  jsonAnswer,
  methodNotAllowed
} from '../answer/action.ts'
import type { LateCookies } from '../answer/late-cookies.ts'
import {
  type Answer,
  addReturnPath,
  isNavigation,
  redirect,
  stepUpPath
} from '../answer/refusal.ts'
import { assertFactoryCalled } from '../guard/guard-options.ts'
import { readFields } from '../request/body.ts'
import { queryOf, returnToOf } from '../request/return-to.ts'
import { assertSameSite } from '../request/same-site.ts'
import { noteSignIn, readOwnPath } from '../sign-in/sign-in.ts'
import { nextStep, pageOfStep } from '../sign-in/sign-in-step.ts'
import { isLockedError, refusalOfApi } from './api-refusals.ts'
import { createAttempts } from './attempts.ts'
import { type MfaAction, type MfaParts, mfaActions, type Outcome } from './mfa-actions.ts'
import { mfaPages, over, type PageView, showPage, totpShown } from './pages.ts'
import {
  readSessionReference,
  type SessionReference,
  type SessionReferenceParts
} from './session-reference.ts'
import { style } from './style.ts'

export interface MfaRoutesOptions {
  /**
   * Whether pages for people are answered too; `false` leaves every GET to the app, and sends a browser whose form was
   * rejected back to the app's page. Default true.
   */
  readonly pages?: boolean
}

const knownOptions: Readonly<Record<keyof MfaRoutesOptions, true>> = { pages: true }

function planMfaRoutes(given: MfaRoutesOptions = {}): Required<MfaRoutesOptions> {
  assertFactoryCalled('mfaRoutes', given)
  assertKnownOptions('mfaRoutes', given, knownOptions)
  const { pages = true } = given
  if (typeof pages !== 'boolean') throw new ConfigError('pages must be true or false.')
  return { pages }
}

/** A path below `mfaPath`, without `/step-up`. */
interface Place {
  readonly path: string
  readonly isStepUp: boolean
  readonly return_to: string | undefined
  /** Of a session nothing is kept between two requests: its pages are told that a code is on its way. */
  readonly isSent: boolean
}

/**
 * Everything that an MFA page needs, below `mfaPath`; other paths are left to what comes next.
 *
 * Each call is made for a pending sign-in or a session. What is posted as JSON is answered as JSON; a form goes on to the
 * next page. Secrets of an authenticator are in the one answer that makes them, and nowhere else.
 */
export function createMfaRoutes(
  parts: MfaParts & SessionReferenceParts,
  given?: MfaRoutesOptions
): Action<unknown, Answer | undefined> {
  const { config } = parts
  const { pages } = planMfaRoutes(given)
  const attempts = createAttempts(config.now)

  return async function answer(given) {
    const place = placeOf(given.target)
    if (place === undefined) return undefined
    const call = { ...given, beganAt: parts.cookies.now() }
    const { method } = call.request
    if (method === 'GET' || method === 'HEAD') {
      if (pages) return show(call, place)
      return Object.hasOwn(mfaActions, place.path) && place.path.includes('/', 1)
        ? methodNotAllowed('POST')
        : undefined
    }
    const action = Object.hasOwn(mfaActions, place.path) ? mfaActions[place.path] : undefined
    if (action === undefined) return undefined
    return method === 'POST' ? act(call, place, action) : methodNotAllowed('GET, HEAD, POST')
  }

  function placeOf(target: string): Place | undefined {
    const [pathname = ''] = target.split('?', 1)
    if (pathname !== config.mfaPath && !pathname.startsWith(`${config.mfaPath}/`)) return undefined
    const below = pathname.slice(config.mfaPath.length)
    const isStepUp = below === stepUpPath || below.startsWith(`${stepUpPath}/`)
    return {
      path: isStepUp ? below.slice(stepUpPath.length) : below,
      isStepUp,
      return_to: readOwnPath(returnToOf(target), config),
      isSent: queryOf(target).has('sent')
    }
  }

  /** Same site → session reference → attempts → the call → what it means. */
  async function act(call: BegunCall, place: Place, action: MfaAction) {
    let reference: SessionReference | undefined
    let at = place
    try {
      assertSameSite(call.request, config)
      reference = await readSessionReference(parts, call.request, place.isStepUp)
      const fields = await readFields(call.request, call.body)
      at = { ...place, return_to: readOwnPath(fields.return_to, config) }
      if (action.counts !== undefined) attempts.take(action.counts, reference.key)
      const outcome = await action.run(parts, reference, fields, {
        request: call.request,
        beganAt: call.beganAt,
        options: { clientIp: config.clientIp(call.source) }
      })
      return answerOutcome(call, at, reference, outcome)
    } catch (error) {
      return answerFailure(call, at, action, reference, refusalOfApi(error))
    }
  }

  async function answerOutcome(
    call: BegunCall,
    place: Place,
    reference: SessionReference,
    outcome: Outcome
  ): Promise<Answer> {
    if (outcome.kind === 'done') {
      return answerDone(call, outcome.next, outcome.result, outcome.lateCookies)
    }
    if (outcome.kind === 'shown') {
      // Secrets are in this one answer, so a browser is shown them where it posted its form.
      return isOfPage(call) && (pages || isNavigation(call.request))
        ? showPage(200, await viewOf(place, reference), totpShown(outcome.totp))
        : jsonAnswer(200, outcome.totp)
    }
    const next = `${baseOf(place)}${outcome.page}`
    const page = place.return_to === undefined ? next : addReturnPath(next, place.return_to)
    const sent = reference.kind === 'session' && outcome.page === '/sms' ? markSent(page) : page
    return answerDone(call, sent, { next: page }, outcome.lateCookies)
  }

  async function answerFailure(
    call: BegunCall,
    place: Place,
    action: MfaAction,
    reference: SessionReference | undefined,
    error: unknown
  ): Promise<Answer> {
    const isForPage = pages && isOfPage(call) && hasPage(error)
    if (!isForPage) {
      const refusal = answerError(call, parts, error)
      const lateCookies = [
        ...(refusal.lateCookies ?? []),
        ...(await noteLocked(call, reference, error))
      ]
      const answer = { ...refusal, lateCookies }
      return isForPageOfApp(call, error) ? goBack(place, action, error, answer) : answer
    }
    announceRefusal(call, config, error)
    const lateCookies = [
      ...clearWhatIsOver(call, parts, error),
      ...(await noteLocked(call, reference, error))
    ]
    const headers = Object.entries(error.headers)
    if (reference === undefined || error.code === 'session_required') {
      return { ...showPage(error.status, emptyView(place), over, headers), lateCookies }
    }
    const page = mfaPages[pageToSayIt(action, error)]
    const hint = hintOf(error)
    const known = await viewOf(place, reference).catch(() => emptyView(place))
    // A code that is on its way can still be typed, whatever became of the next one.
    const isSent = known.isSent || (action.page === '/sms' && action.counts === 'code')
    const view = { ...known, hint, isSent }
    return { ...showPage(error.status, view, page ?? over, headers), lateCookies }
  }

  /** Whether a browser posted a form of the app's own page, which can say what was wrong. */
  function isForPageOfApp(call: BegunCall, error: unknown): error is AccessError {
    return (
      !pages &&
      isOfPage(call) &&
      isNavigation(call.request) &&
      error instanceof AccessError &&
      hasPage(error) &&
      !isSignedOut(error)
    )
  }

  /** The code of a refusal can stand in an address; what a client sent, or a hint, cannot. */
  function goBack(place: Place, action: MfaAction, error: AccessError, answer: Answer): Answer {
    const page = `${baseOf(place)}${pageToSayIt(action, error)}?error=${error.code}`
    const location = place.return_to === undefined ? page : addReturnPath(page, place.return_to)
    const kept = answer.headers.filter(([name]) => name !== 'Content-Type')
    return { ...answer, status: 303, headers: [...kept, ['Location', location]], body: '' }
  }

  /** A lock outlives the page: a member who comes back is told of it, and may use another second factor. */
  async function noteLocked(
    { beganAt }: BegunCall,
    reference: SessionReference | undefined,
    error: unknown
  ): Promise<readonly LateCookies[]> {
    if (reference?.kind !== 'pending' || !isLockedError(error)) return []
    const { bound } = reference
    return noteSignIn(parts, { ...bound, state: { ...bound.state, locked: true } }, beganAt)
  }

  async function show(call: BegunCall, place: Place): Promise<Answer | undefined> {
    if (place.path === '/style.css') return stylesheet
    const page = Object.hasOwn(mfaPages, place.path) ? mfaPages[place.path] : undefined
    if (page === undefined && place.path !== '') {
      return Object.hasOwn(mfaActions, place.path) ? methodNotAllowed('POST') : undefined
    }
    try {
      const reference = await readSessionReference(parts, call.request, place.isStepUp)
      if (isDone(place, reference)) return redirect(place.return_to ?? '/')
      const view = await viewOf(place, reference)
      if (page === undefined) return redirect(await firstPage(place, reference, view))
      return showPage(200, view, page)
    } catch (failed) {
      const error = refusalOfApi(failed)
      if (!isNavigation(call.request) || !isSignedOut(error) || config.loginPath !== undefined) {
        return answerError(call, parts, error)
      }
      announceRefusal(call, config, error)
      const lateCookies = clearWhatIsOver(call, parts, error)
      return { ...showPage(401, emptyView(place), over), lateCookies }
    }
  }

  async function firstPage(
    place: Place,
    reference: SessionReference,
    view: PageView
  ): Promise<string> {
    if (reference.kind === 'pending') {
      const step = nextStep({ isSignedIn: false, pending: reference.bound.state })
      return pageOfStep(step, config) ?? '/'
    }
    const path = view.hasTotp ? '/totp' : view.mfa_phone_number === '' ? '/enroll' : '/sms'
    // A member without a second factor cannot verify one, and enrolling one needs what this page is to verify.
    const isNoHelp = place.isStepUp && path === '/enroll'
    const page = (isNoHelp ? config.loginPath : undefined) ?? `${baseOf(place)}${path}`
    return place.return_to === undefined ? page : addReturnPath(page, place.return_to)
  }

  /** A pending sign-in holds what its page shows; that of a member who is signed in comes from the API. */
  async function viewOf(place: Place, reference: SessionReference): Promise<PageView> {
    if (reference.kind === 'pending') {
      const { mfa_required, allowed_mfa_methods } = reference.bound.state
      return {
        ...emptyView({ ...place, return_to: undefined }),
        methods: allowed_mfa_methods ?? allMethods,
        mfa_phone_number: mfa_required?.member_options?.mfa_phone_number ?? '',
        hasTotp: Boolean(mfa_required?.member_options?.totp_registration_id),
        isSent: mfa_required?.secondary_auth_initiated === 'sms_otp'
      }
    }
    const { organization_id, member_id } = reference.member_session
    const { member, organization } = await parts.client.organizations.members.get({
      organization_id,
      member_id
    })
    const { mfa_methods, allowed_mfa_methods } = organization
    return {
      ...emptyView(place),
      methods: mfa_methods === 'RESTRICTED' ? allowed_mfa_methods : allMethods,
      mfa_phone_number: member.mfa_phone_number,
      hasTotp: member.totp_registration_id !== ''
    }
  }

  function emptyView(place: Place): PageView {
    const { mfaPath, loginPath } = config
    return {
      base: baseOf(place),
      mfaPath,
      loginPath,
      return_to: place.return_to,
      methods: [],
      mfa_phone_number: '',
      hasTotp: false,
      isSent: place.isSent
    }
  }

  function baseOf({ isStepUp }: Place): string {
    return isStepUp ? `${config.mfaPath}${stepUpPath}` : config.mfaPath
  }
}

const allMethods = ['totp', 'sms_otp']

/** An optional guard of the app may have put cookies on it, so that no shared cache may keep it. */
const stylesheet: Answer = {
  status: 200,
  headers: [
    ['Content-Type', 'text/css; charset=utf-8'],
    ['Cache-Control', 'private, max-age=3600'],
    ['X-Content-Type-Options', 'nosniff']
  ],
  body: style
}

/** Back at a page of the sign-in that made the session: nothing is left to do there. */
function isDone({ path, isStepUp, isSent }: Place, { kind }: SessionReference): boolean {
  if (kind === 'pending' || isStepUp) return false
  return path === '/sms' ? !isSent : ofSignIn.includes(path)
}

const ofSignIn = ['/totp', '/recovery', '/locked']

function markSent(page: string): string {
  return `${page}${page.includes('?') ? '&' : '?'}sent=1`
}

/** What a page can say. Requests of other sites get none, and browsers that must sign in go there. */
function hasPage(error: unknown): error is RefusalError {
  if (error instanceof UnavailableError) return true
  const elsewhere = [
    'csrf_rejected',
    'recent_factor_required',
    'primary_required',
    'organization_required'
  ]
  return error instanceof AccessError && !elsewhere.includes(error.code)
}

/** A number that was not accepted is to be typed again where it was. */
function pageToSayIt({ page }: MfaAction, error: RefusalError): string {
  if (isLockedError(error)) return '/locked'
  return error.code === 'phone_number_rejected' ? '/enroll' : page
}

function isSignedOut(error: unknown): error is AccessError {
  return (
    error instanceof AccessError &&
    (error.code === 'session_required' || error.code === 'session_invalid')
  )
}

function hintOf(error: RefusalError): string {
  if (error instanceof UnavailableError) return 'This did not work just now. Try again in a moment.'
  const { hint } = Object(error.required)
  return typeof hint === 'string' ? hint : error.message
}
