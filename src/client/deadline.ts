import { PrivateCause } from '../errors/private-cause.ts'
import { UnavailableError } from '../errors/unavailable-error.ts'

/**
 * Runs `work` with one deadline over all of it. When it passes, `work` is told by the signal, and the caller hears at
 * once, also when `work` does not listen.
 */
export async function withDeadline<T>(
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>
): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const passed = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const cause = new PrivateCause(`No answer within ${timeoutMs} ms.`)
      reject(new UnavailableError('authority_unavailable', { reason: 'authority_timeout', cause }))
      controller.abort()
    }, timeoutMs)
  })
  try {
    return await Promise.race([work(controller.signal), passed])
  } finally {
    clearTimeout(timer)
  }
}
