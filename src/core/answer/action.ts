import { isRefusalError, type RefusalError } from '../../errors/refusal-error.ts'
import { toError } from '../../errors/thrown-error.ts'
import { printDenial } from '../explain/debug-lines.ts'
import { publishRefusal } from '../explain/events.ts'
import { explain } from '../explain/explain.ts'
import type { Config } from '../options.ts'
import { type BodyRequest, contentTypeOf, isForm } from '../request/body.ts'
import { readCredential } from '../request/credentials.ts'
import { assertSameSite } from '../request/same-site.ts'
import { isSessionOver, isSignInOver } from '../session/session-over.ts'
import type { BrowserCookies } from './browser-cookies.ts'
import type { LateCookies } from './late-cookies.ts'
import { type Answer, buildRefusal, isNavigation, privateHeaders, redirect } from './refusal.ts'

/** What an action is given of a request. */
export interface ActionCall<Source = unknown> {
  readonly request: BodyRequest
  /** Path and query as the browser sees them. */
  readonly target: string
  /** As a body parser left it; anything else is read here. */
  readonly body: unknown
  /** What functions of the request are called with. */
  readonly source: Source
}

/** The same, once it is known when the request began: in the order of `Superseded`. */
export interface BegunCall<Source = unknown> extends ActionCall<Source> {
  readonly beganAt: number
}

/** What every action needs to answer. */
export interface AnswerParts {
  readonly config: Config
  readonly cookies: BrowserCookies
}

/** Answers a request by itself. */
export type Action<Source = unknown, Result = Answer> = (
  call: ActionCall<Source>
) => Promise<Result>

/** A route of POST alone, which pages of other sites cannot make a browser send. */
export function createPostAction<Source>(
  parts: AnswerParts,
  run: (call: BegunCall<Source>) => Promise<Answer>
): Action<Source> {
  return async function act(given) {
    const call = { ...given, beganAt: parts.cookies.now() }
    if (call.request.method !== 'POST') return methodNotAllowed('POST')
    try {
      assertSameSite(call.request, parts.config)
      return await run(call)
    } catch (error) {
      return answerError(call, parts, error)
    }
  }
}

/** From an error to an answer. Errors that are not ours are the app's, and thrown on. */
export function answerError(call: BegunCall, parts: AnswerParts, error: unknown): Answer {
  if (!isRefusalError(error)) throw toError(error)
  announceRefusal(call, parts.config, error)
  const { request, target } = call
  const answer = buildRefusal(error, request, target, parts.config)
  return { ...answer, error, lateCookies: clearWhatIsOver(call, parts, error) }
}

/** Tells the people who run the app why an action was denied. */
export function announceRefusal(
  { request, target }: ActionCall,
  config: Config,
  error: RefusalError
): void {
  const about = { request, target, credential: readCredential(request, config) }
  publishRefusal(error, explain(error, about))
  printDenial(about, error)
}

/** Cookies of what the authority says has ended are of no more use. An outage ends nothing. */
export function clearWhatIsOver(
  { request, beganAt }: BegunCall,
  { cookies }: AnswerParts,
  error: RefusalError
): readonly LateCookies[] {
  if (isSessionOver(error)) return cookies.clearSession(request, beganAt)
  return isSignInOver(error) ? cookies.clearSignIn(request, beganAt) : []
}

export function methodNotAllowed(allowed: string): Answer {
  return { status: 405, headers: [...privateHeaders, ['Allow', allowed]], body: '' }
}

/** Whether the answer is for a person: a form was posted, or a browser navigates. */
export function isOfPage({ request }: ActionCall): boolean {
  return isForm(request) || (contentTypeOf(request) === '' && isNavigation(request))
}

/** What was wanted is done: a form goes on to `next`, a script reads what happened. */
export function answerDone(
  call: ActionCall,
  next: string,
  result: object,
  lateCookies: Answer['lateCookies']
): Answer {
  return isOfPage(call)
    ? { ...redirect(next), lateCookies }
    : { ...jsonAnswer(200, result), lateCookies }
}

export function jsonAnswer(status: number, result: object): Answer {
  return {
    status,
    headers: [...privateHeaders, ['Content-Type', 'application/json']],
    body: JSON.stringify(result)
  }
}
