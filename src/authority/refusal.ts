import { isProblem, type Problem } from './domain/problem.ts'

/** Ends a call with a problem as its answer. */
export class Refusal extends Error {
  readonly problem: Problem

  constructor(problem: Problem) {
    super(problem.problem)
    this.problem = problem
  }
}

/** The outcome of a rule or of a list of writes, unless it is a problem: then that is the answer. */
export function demand<Outcome>(outcome: Outcome | Problem): Exclude<Outcome, Problem> {
  if (isProblem(outcome)) throw new Refusal(outcome)
  return outcome as Exclude<Outcome, Problem>
}
