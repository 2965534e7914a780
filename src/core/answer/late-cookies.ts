import type { HeaderPair } from '../request/cookies.ts'

/** Cookies of a decision that are settled as the headers of its answer go out: much can have happened since the decision. */
export interface LateCookies {
  /**
   * Of a sign-in or a sign-out: an answer that carries them is private, whatever the app said. Others are left out of an
   * answer that a shared cache may keep.
   */
  readonly mustArrive: boolean
  /** Called as the headers go out: the cookies that still hold. */
  settle(): readonly HeaderPair[]
}

/** What a decision or a sign-in adds to an answer. */
export interface Outgoing {
  /** Set at once. */
  readonly headers: readonly HeaderPair[]
  readonly lateCookies?: readonly LateCookies[] | undefined
}
