import type { ProblemType } from '../../wire/problems.ts'

/** Why a call is refused. `detail` replaces the sentence of the catalogue; it never repeats what the caller sent. */
export interface Problem {
  readonly problem: ProblemType
  readonly detail?: string
}

export function problem(type: ProblemType, detail?: string): Problem {
  return detail === undefined ? { problem: type } : { problem: type, detail }
}

export function isProblem(outcome: unknown): outcome is Problem {
  return typeof outcome === 'object' && outcome !== null && 'problem' in outcome
}

/** The facts of a decision changed before its writes ran: decide again on fresh ones. */
export const stale: Problem = problem('server_unavailable')
