import { channel } from 'node:diagnostics_channel'
import type { AuthRequest } from './request/request.ts'

/** What subscribers of `membergate.refusal` hear. It never holds a token, a cookie or a body. */
export interface RefusalEvent {
  readonly code: string
  readonly status: number
  /** The private reason, which no response shows. */
  readonly reason: string | undefined
  readonly method: string | undefined
}

const refusals = channel('membergate.refusal')

export function publishRefusal(
  request: AuthRequest,
  error: Error & { readonly code: string; readonly status: number }
): void {
  if (!refusals.hasSubscribers) return
  const event: RefusalEvent = {
    code: error.code,
    status: error.status,
    reason: error.cause instanceof Error ? error.cause.message : undefined,
    method: request.method
  }
  refusals.publish(event)
}
