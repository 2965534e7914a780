import diagnostics_channel from 'node:diagnostics_channel'

/** What subscribers of `membergate.authority.error` get: where it happened, and a reason without personal data. */
export interface ReportedError {
  readonly request_id: string
  readonly operation: string
  readonly name: string
  readonly code: string
  /** Function, file and line of each frame. The message may quote data, so it stays out. */
  readonly frames: readonly string[]
}

export const errorChannel = 'membergate.authority.error'

const channel = diagnostics_channel.channel(errorChannel)

/** Tells operations about an error that the caller sees only as 500 or 503. */
export function reportError(error: unknown, request_id: string, operation: string): void {
  if (!channel.hasSubscribers) return
  const root = Object(memberOf(error, 'cause') ?? error)
  const report: ReportedError = {
    request_id,
    operation,
    name: String(memberOf(root, 'name')),
    code: String(memberOf(root, 'code') ?? ''),
    frames: framesOf(root)
  }
  channel.publish(report)
}

/** Lines of the message, which the stack begins with, may look like frames. */
function framesOf(error: unknown): readonly string[] {
  const stack = String(memberOf(error, 'stack')).replace(String(memberOf(error, 'message')), '')
  return stack.match(/(?<=^\s+)at .*$/gm) ?? []
}

/** Drivers throw what is not always an `Error` of this realm, so nothing is taken for granted. */
function memberOf(error: unknown, name: string): unknown {
  return Reflect.get(Object(error), name)
}
