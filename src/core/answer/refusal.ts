import { STATUS_CODES } from 'node:http'
import { AccessError } from '../../errors/access-error.ts'
import type { RefusalError } from '../../errors/refusal-error.ts'
import type { Config } from '../options.ts'
import type { HeaderPair } from '../request/cookies.ts'
import { type AuthRequest, headerOf } from '../request/request.ts'
import { isPathWithin, readReturnPath } from '../request/return-to.ts'
import type { Outgoing } from './late-cookies.ts'

/** What a request is answered with. */
export interface Answer extends Outgoing {
  readonly status: number
  readonly body: string
  /** Why the request was denied or rejected; absent where what it asks for was done. */
  readonly error?: RefusalError
}

/** Of every answer to a request that was authenticated or denied: it is one member's, and no shared cache may keep it. */
export const privateHeaders: readonly HeaderPair[] = Object.freeze([
  ['Cache-Control', 'private, no-store'],
  ['Vary', 'Cookie, Authorization']
] as const)

/**
 * How a refusal looks, by the request's own signs: a browser that navigates is sent where the member can fix it, every other
 * client gets the problem (RFC 9457) with its stable `code`.
 *
 * @param target path and query of the request as the browser sees them
 */
export function buildRefusal(
  error: RefusalError,
  request: AuthRequest,
  target: string,
  config: Config
): Answer {
  const page = pageThatFixes(error, config)
  return page !== undefined && isNavigation(request) && !isPathWithin(target, page)
    ? redirect(withReturnPath(page, request, target, config))
    : problem(error, config)
}

function pageThatFixes(
  error: RefusalError,
  { loginPath, mfaPath, organizationsPath }: Config
): string | undefined {
  switch (error.code) {
    case 'session_required':
    case 'session_invalid':
      return loginPath
    case 'organization_mismatch':
      return organizationsPath
    case 'recent_factor_required':
      return isFixedByMfaPage(error) ? `${mfaPath}${stepUpPath}` : loginPath
    default:
      return undefined
  }
}

/** Below `mfaPath`: the pages of a member who is signed in. */
export const stepUpPath = '/step-up'

function isFixedByMfaPage(error: AccessError): boolean {
  return Object(error.required?.recent_factor).prove === 'second_factor'
}

/** 303: whatever was sent, what follows is a GET (RFC 9110 section 15.4.4). */
export function redirect(location: string): Answer {
  return { status: 303, headers: [...privateHeaders, ['Location', location]], body: '' }
}

/** A CORS preflight carries no credentials; it is ended here, and without CORS headers the browser goes no further. */
export const preflightAnswer: Answer = { status: 204, headers: privateHeaders, body: '' }

export function isPreflight(request: AuthRequest): boolean {
  return (
    request.method === 'OPTIONS' &&
    headerOf(request, 'origin') !== undefined &&
    headerOf(request, 'access-control-request-method') !== undefined
  )
}

/** Whether a browser wants a page to show, as opposed to data for a script (Fetch Metadata, W3C). */
export function isNavigation(request: AuthRequest): boolean {
  const mode = headerOf(request, 'sec-fetch-mode')
  const destination = headerOf(request, 'sec-fetch-dest')
  if (mode !== undefined || destination !== undefined) {
    return mode === 'navigate' && (destination === undefined || destination === 'document')
  }
  if (headerOf(request, 'x-requested-with') !== undefined) return false
  return headerOf(request, 'accept')?.includes('text/html') ?? false
}

/** Where a browser wanted to go, if it can simply go there again: only a GET can be repeated. */
export function returnPathOf(
  request: AuthRequest,
  target: string,
  config: Config
): string | undefined {
  if (request.method !== 'GET') return undefined
  const path = readReturnPath(target)
  return path === undefined || leadsToSignIn(path, config) ? undefined : path
}

/** Whether a path is part of signing in: returning there would go in circles. */
export function leadsToSignIn(
  path: string,
  { loginPath, mfaPath, organizationsPath }: Config
): boolean {
  return [loginPath, mfaPath, organizationsPath].some(
    (page) => page !== undefined && isPathWithin(path, page)
  )
}

function withReturnPath(
  page: string,
  request: AuthRequest,
  target: string,
  config: Config
): string {
  const path = returnPathOf(request, target, config)
  return path === undefined ? page : addReturnPath(page, path)
}

/** A page that is told where to go on to. */
export function addReturnPath(page: string, return_to: string): string {
  const url = new URL(page, 'https://app.invalid')
  url.searchParams.set('return_to', return_to)
  return `${url.pathname}${url.search}`
}

function problem(error: RefusalError, { organizationsPath }: Config): Answer {
  const required = error instanceof AccessError ? error.required : undefined
  const switch_at = error.code === 'organization_mismatch' ? organizationsPath : undefined
  return {
    status: error.status,
    headers: [
      ...privateHeaders,
      ['Content-Type', 'application/problem+json'],
      ...Object.entries(error.headers)
    ],
    body: JSON.stringify({
      title: STATUS_CODES[error.status],
      status: error.status,
      code: error.code,
      detail: error.message,
      switch_at,
      ...required
    })
  }
}
