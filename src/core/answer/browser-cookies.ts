import type { Config } from '../options.ts'
import {
  type CookieRole,
  clearEveryCookie,
  clearSessionCookies,
  clearSignInCookies,
  type HeaderPair,
  readCookieValues,
  refreshSessionCookies
} from '../request/cookies.ts'
import type { Credential } from '../request/credentials.ts'
import { type AuthRequest, headerOf } from '../request/request.ts'
import { ownToken } from '../session/authorization-from.ts'
import type { Revocations } from '../session/revocations.ts'
import type { CheckedSession } from '../session/session-cache.ts'
import type { Superseded } from '../session/superseded.ts'
import type { LateCookies } from './late-cookies.ts'

/** A sign-in, whole or pending, as its cookies carry it. */
export interface CarriedSignIn {
  readonly cookies: readonly HeaderPair[]
  /** What of the request it takes the place of. */
  readonly replaces: readonly CookieRole[]
  /** Values that it gives the browser, which may have some of them already. */
  readonly given: readonly string[]
  /** The session that a whole sign-in began or went on with, and others that the browser leaves. */
  readonly session?: { readonly member_session_id: string; readonly left: readonly string[] }
}

/**
 * What answers do to the cookies of a browser. All of it is settled as the headers go out, so that no answer to an earlier
 * request makes a browser act as an earlier session, or lose a newer one.
 *
 * `beganAt` is the order of `Superseded` in which the request began.
 */
export interface BrowserCookies {
  now(): number
  /** Values of the cookies of a session, as they were sent. */
  presented(request: AuthRequest): readonly string[]
  /** The new JWT of a session, for a browser that presented another one. The opaque token is never set again. */
  refresh(
    credential: Credential,
    checked: CheckedSession,
    beganAt: number
  ): readonly LateCookies[] | undefined
  clearSession(request: AuthRequest, beganAt: number): readonly LateCookies[]
  clearSignIn(request: AuthRequest, beganAt: number): readonly LateCookies[]
  /** A pending sign-in goes on with this in its sealed cookie. */
  noteSignIn(
    intermediate_session_token: string,
    cookies: readonly HeaderPair[],
    beganAt: number
  ): readonly LateCookies[]
  signIn(request: AuthRequest, carried: CarriedSignIn): readonly LateCookies[]
  signOut(request: AuthRequest, beganAt: number): readonly LateCookies[]
}

const ofSession = ['session_token', 'session_jwt'] as const
const ofSignIn = ['intermediate_session_token', 'sign_in'] as const

export function createBrowserCookies(
  { cookies, now }: Config,
  revocations: Revocations,
  superseded: Superseded
): BrowserCookies {
  return {
    now: superseded.now,
    presented: (request) => valuesOf(request, ofSession),

    refresh(credential, checked, beganAt) {
      const { transport, session_jwt = '' } = credential
      const { refreshedJwt, member_session } = checked
      if (transport !== 'cookie' || refreshedJwt === undefined || refreshedJwt === session_jwt) {
        return undefined
      }
      const token = ownToken(credential, checked)
      const presented = [token ?? session_jwt, member_session.member_session_id]
      return upkeep(() =>
        revocations.allow(checked) && superseded.areCurrent(presented, beganAt)
          ? refreshSessionCookies(cookies, member_session, refreshedJwt, {
              now: now(),
              hasToken: token !== undefined
            })
          : []
      )
    },

    clearSession: (request, beganAt) =>
      upkeep(() => clear(request, beganAt, ofSession, clearSessionCookies(cookies))),

    clearSignIn: (request, beganAt) =>
      upkeep(() => clear(request, beganAt, ofSignIn, clearSignInCookies(cookies))),

    noteSignIn: (intermediate_session_token, noted, beganAt) =>
      upkeep(() => (superseded.areCurrent([intermediate_session_token], beganAt) ? noted : [])),

    signIn(request, { replaces, given, session, ...carried }) {
      const completedAt = superseded.next()
      const ids = session === undefined ? [] : [session.member_session_id]
      return mustArrive(() => {
        const presented = valuesOf(request, replaces)
        if (
          superseded.areReplacedByLater(presented, completedAt) ||
          superseded.areLeftSince(ids, completedAt) ||
          ids.some((member_session_id) => revocations.hasEnded({ member_session_id }))
        ) {
          return []
        }
        const left = [...presented, ...(session?.left ?? [])]
        superseded.replace(left, [...given, ...ids], completedAt)
        return carried.cookies
      })
    },

    signOut: (request, beganAt) =>
      mustArrive(() =>
        [ofSession, ofSignIn].flatMap((roles) => {
          const presented = valuesOf(request, roles)
          if (superseded.areLeftSince(presented, beganAt)) return []
          superseded.drop(presented)
          return clearEveryCookie(cookies, roles)
        })
      )
  }

  function clear(
    request: AuthRequest,
    beganAt: number,
    roles: readonly CookieRole[],
    cleared: readonly HeaderPair[]
  ): readonly HeaderPair[] {
    const presented = valuesOf(request, roles)
    if (!superseded.areCurrent(presented, beganAt)) return []
    superseded.drop(presented)
    return cleared
  }

  function valuesOf(request: AuthRequest, roles: readonly CookieRole[]): readonly string[] {
    const header = headerOf(request, 'cookie')
    return roles.flatMap((role) => readCookieValues(header, cookies[role]))
  }
}

function upkeep(settle: LateCookies['settle']): readonly LateCookies[] {
  return [{ mustArrive: false, settle }]
}

function mustArrive(settle: LateCookies['settle']): readonly LateCookies[] {
  return [{ mustArrive: true, settle }]
}
