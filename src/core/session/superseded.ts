import { LRUCache } from 'lru-cache'

/**
 * What browsers have left behind, as far as this process told them to: values of our cookies, and sessions. What a sign-in
 * replaced is never current again. What a browser was told to drop may come again, if it never received the answer.
 *
 * Requests and answers are ordered by a count: no clock decides what came first.
 */
export interface Superseded {
  /** The present in that order. */
  now(): number
  /** The next place in that order. */
  next(): number
  /** A browser is told of a sign-in, which was completed at `signedInAt`, in place of these; what it is given is current. */
  replace(left: readonly string[], given: readonly string[], signedInAt: number): void
  /** A browser is told to drop these. */
  drop(left: readonly string[]): void
  /** Whether an answer to a request that began then, and presented these, still finds them in its browser. */
  areCurrent(presented: readonly string[], beganAt: number): boolean
  /** Whether a browser was told since to replace or drop one of these. */
  areLeftSince(presented: readonly string[], beganAt: number): boolean
  /** Whether a sign-in that was completed later than that replaced one of these. */
  areReplacedByLater(presented: readonly string[], signedInAt: number): boolean
}

interface Mark {
  readonly toldAt: number
  /** Of the sign-in that replaced it; `undefined` where it was dropped. */
  readonly signedInAt: number | undefined
}

const maxMarks = 20_000
/** The last of a token: 256 bits of a signature or a secret. */
const keyLength = 43
/** What is shorter is no token, and many browsers may have it. */
const minTokenLength = 20

export function createSuperseded(): Superseded {
  const marks = new LRUCache<string, Mark>({ max: maxMarks })
  let order = 0

  function mark(left: readonly string[], signedInAt: number | undefined): void {
    order += 1
    for (const value of left) {
      const isToken = value.length >= minTokenLength
      const before = marks.peek(keyOf(value))?.signedInAt
      marks.set(keyOf(value), {
        toldAt: order,
        signedInAt: isToken ? (signedInAt ?? before) : undefined
      })
    }
  }

  function some(values: readonly string[], isSo: (mark: Mark) => boolean): boolean {
    return values.some((value) => {
      const known = marks.get(keyOf(value))
      return known !== undefined && isSo(known)
    })
  }

  return {
    now: () => order,
    next() {
      order += 1
      return order
    },
    replace(left, given, signedInAt) {
      mark(left, signedInAt)
      for (const value of given) marks.delete(keyOf(value))
    },
    drop: (left) => mark(left, undefined),
    areCurrent: (presented, beganAt) =>
      !some(presented, ({ signedInAt, toldAt }) => signedInAt !== undefined || toldAt > beganAt),
    areLeftSince: (presented, beganAt) => some(presented, ({ toldAt }) => toldAt > beganAt),
    areReplacedByLater: (presented, completedAt) =>
      some(presented, ({ signedInAt = 0 }) => signedInAt > completedAt)
  }
}

/** A part of a string would keep all of it alive, and that may be a whole header. */
function keyOf(value: string): string {
  return Buffer.from(value.slice(-keyLength), 'latin1').toString('latin1')
}
