import type { RefusalError } from '../errors/refusal-error.ts'
import { isError, toError } from '../errors/thrown-error.ts'
import type { ExpressRequest } from './express-request.ts'
import { abandon, type NodeResponse } from './response.ts'

/** What is used of an Express response, 4 or 5. */
export type ExpressResponse = NodeResponse
export type ExpressNext = (error?: unknown) => void
export type Given = [req: ExpressRequest, res: ExpressResponse, next: ExpressNext]

/**
 * What happens to a denied request. `respond` answers it. `next` hands the error to Express' error handling, with
 * `status`, `headers` and `expose`; browsers that have a page to go to are still sent there. A function takes over: its
 * `next` leads to the error handling too, with the refusal unless it is called with an error, and never to the handler.
 */
export type OnExpressRefusal = 'respond' | 'next' | RefusalHandler['handle']
/** Declared as a method, so that a handler may name Express' own types for its parameters. */
interface RefusalHandler {
  handle(error: RefusalError, ...given: Given): unknown
}

/** Whether something was written to a response. It may call functions of the app, whose errors go to Express. */
export function hasWritten<Written>(
  next: ExpressNext,
  write: (res: ExpressResponse, written: Written) => void,
  res: ExpressResponse,
  written: Written
): boolean {
  try {
    write(res, written)
    return true
  } catch (error) {
    next(toError(error))
    return false
  }
}

/** Lets the app's function take over. What it throws goes to Express, and so does its `next`, once. */
export function handOver(
  onRefusal: RefusalHandler['handle'],
  error: RefusalError,
  ...[req, res, next]: Given
): Promise<unknown> {
  let isOver = false
  const passOn = (given?: unknown) => {
    if (isOver) return
    isOver = true
    next(isError(given) ? given : error)
  }
  return new Promise((resolve) => resolve(onRefusal(error, req, res, passOn))).catch(passOn)
}

/** A middleware's promise has no one behind it. What throws out of `next` has been through Express, which could not answer. */
export function contain(res: ExpressResponse, work: Promise<unknown>): void {
  work.catch((error) => abandon(res, error))
}
