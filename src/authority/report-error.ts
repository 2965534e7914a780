import diagnostics_channel from 'node:diagnostics_channel'

/** What subscribers of `membergate.authority.error` get: where it happened, and a reason without anybody's data. */
export interface ReportedError {
  readonly request_id: string
  readonly operation: string
  readonly name: string
  readonly code: string | undefined
  /** File and line of each frame; the message may quote data, so it stays out. */
  readonly frames: readonly string[]
}

const channel = diagnostics_channel.channel('membergate.authority.error')

/** Tells operations about an error that the caller sees only as 500 or 503. */
export function reportError(error: unknown, request_id: string, operation: string): void {
  if (!channel.hasSubscribers) return
  const root = error instanceof Error && error.cause instanceof Error ? error.cause : error
  const code: unknown = root instanceof Error ? Reflect.get(root, 'code') : undefined
  const report: ReportedError = {
    request_id,
    operation,
    name: root instanceof Error ? root.name : typeof root,
    code: typeof code === 'string' ? code : undefined,
    frames: root instanceof Error ? framesOf(root) : []
  }
  channel.publish(report)
}

function framesOf({ stack = '' }: Error): string[] {
  return stack.split('\n').flatMap((line) => /^\s+at .*$/.exec(line)?.[0].trim() ?? [])
}
