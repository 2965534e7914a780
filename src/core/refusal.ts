import { STATUS_CODES } from 'node:http'
import { AccessError } from '../errors/access-error.ts'
import type { UnavailableError } from '../errors/unavailable-error.ts'
import type { Config } from './options.ts'
import type { HeaderPair } from './request/cookies.ts'
import { type AuthRequest, headerOf } from './request/request.ts'
import { isWithin, readReturnPath } from './return-to.ts'

export interface Refusal {
  readonly status: number
  readonly headers: readonly HeaderPair[]
  readonly body: string
}

/** Of every answer to a request that was authenticated or refused: it is one member's, and no shared cache may keep it. */
export const privateHeaders: readonly HeaderPair[] = Object.freeze([
  ['Cache-Control', 'private, no-store'],
  ['Vary', 'Cookie, Authorization']
] as const)

/**
 * How a refusal looks, by the request's own signs: a browser that navigates is sent to sign in, everybody else gets the
 * problem (RFC 9457) with its stable `code`.
 *
 * @param target path and query of the request as the browser sees them
 */
export function buildRefusal(
  error: AccessError | UnavailableError,
  request: AuthRequest,
  target: string,
  config: Config
): Refusal {
  const { loginPath } = config
  const needsSignIn = error.code === 'session_required' || error.code === 'session_invalid'
  if (needsSignIn && loginPath !== undefined && isNavigation(request)) {
    const login = new URL(loginPath, 'https://app.invalid')
    if (!isWithin(target, loginPath)) return redirect(loginLocation(login, request, target, config))
  }
  return problem(error)
}

/** 303: whatever was sent, what follows is a GET (RFC 9110 section 15.4.4). */
export function redirect(location: string): Refusal {
  return { status: 303, headers: [...privateHeaders, ['Location', location]], body: '' }
}

/** A CORS preflight carries no credentials; it is ended here, and without CORS headers the browser goes no further. */
export const preflightAnswer: Refusal = { status: 204, headers: privateHeaders, body: '' }

export function isPreflight(request: AuthRequest): boolean {
  return (
    request.method === 'OPTIONS' &&
    headerOf(request, 'origin') !== undefined &&
    headerOf(request, 'access-control-request-method') !== undefined
  )
}

/** Whether a browser asks for a page to show, as opposed to a script for data (Fetch Metadata, W3C). */
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
export function leadsToSignIn(path: string, { loginPath, mfaPath }: Config): boolean {
  return (loginPath !== undefined && isWithin(path, loginPath)) || isWithin(path, mfaPath)
}

function loginLocation(login: URL, request: AuthRequest, target: string, config: Config): string {
  const path = returnPathOf(request, target, config)
  if (path !== undefined) login.searchParams.set('return_to', path)
  return `${login.pathname}${login.search}`
}

function problem(error: AccessError | UnavailableError): Refusal {
  const required = error instanceof AccessError ? error.required : undefined
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
      ...required
    })
  }
}
