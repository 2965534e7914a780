import { performance } from 'node:perf_hooks'
import { debuglog } from 'node:util'
import type { TriedStep } from '../../errors/explanation.ts'
import type { RefusalError } from '../../errors/refusal-error.ts'
import type { Decision } from '../guard/decision.ts'
import type { RequestMemory } from '../guard/request-memory.ts'
import type { AuthRequest } from '../request/request.ts'
import { stepsOf } from '../session/trail.ts'
import { type ExplainedDecision, explain, methodOf } from './explain.ts'
import { maskPath } from './mask-path.ts'

type Decide<Source> = (
  request: AuthRequest,
  target: string,
  source: Source
) => Decision | Promise<Decision>

const log = debuglog('membergate')

/** Why requests without a session were let through, kept only while lines are printed. */
const anonymous = new WeakMap<Decision, RefusalError>()

/** A guard that prints a line for each decision under `NODE_DEBUG=membergate`, and else the guard itself. */
export function withDebugLines<Source>(
  decide: Decide<Source>,
  memory: RequestMemory
): Decide<Source> {
  if (!log.enabled) return decide

  return function decideAloud(request, target, source) {
    const startedAt = performance.now()
    const tell = (decision: Decision) => {
      printLine(request, target, [
        ...describe(decision, request, memory),
        `${(performance.now() - startedAt).toFixed(2)}ms`
      ])
      return decision
    }
    const decision = decide(request, target, source)
    return decision instanceof Promise ? decision.then(tell) : tell(decision)
  }
}

/** Keeps why a request was let through without a session. */
export function noteAnonymous(
  decision: Decision,
  error: RefusalError,
  about: ExplainedDecision
): void {
  if (!log.enabled) return
  explain(error, about)
  anonymous.set(decision, error)
}

/** Of an action, which has no decision but what it answers. */
export function printDenial({ request, target }: ExplainedDecision, error: RefusalError): void {
  if (log.enabled) printLine(request, target, ['denied', ...wordsOf(error)])
}

function describe(
  decision: Decision,
  request: AuthRequest,
  memory: RequestMemory
): readonly string[] {
  if (!decision.accepted) {
    const { error } = decision
    return error.explanation === undefined ? ['preflight'] : ['denied', ...wordsOf(error)]
  }
  const error = anonymous.get(decision)
  if (error !== undefined) return ['anonymous', ...wordsOf(error)]
  const credential = memory.recall(request)?.credential
  return credential === undefined
    ? ['accepted']
    : ['accepted', ...wordsOfCredential(credential.source, stepsOf(credential))]
}

function wordsOf({ status, code, explanation }: RefusalError): string[] {
  if (explanation === undefined) return [String(status), code]
  const { reason, credential, tried, causes } = explanation
  const codes = causes.flatMap((cause) => cause.code ?? [])
  return [
    String(status),
    code,
    reason,
    ...wordsOfCredential(credential, tried),
    ...(codes.length === 0 ? [] : [`causes=${codes.join(',')}`])
  ]
}

function wordsOfCredential(source: string | undefined, tried: readonly TriedStep[]): string[] {
  return [
    ...(source === undefined ? [] : [`credential=${source}`]),
    ...(tried.length === 0 ? [] : [`tried=${tried.join(',')}`])
  ]
}

function printLine(request: AuthRequest, target: string, words: readonly string[]): void {
  log('%s', [methodOf(request), maskPath(target), ...words].join(' '))
}
