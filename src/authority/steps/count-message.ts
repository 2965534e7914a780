import type { Context } from '../context.ts'
import { LimitReached, OperationError } from '../domain/operation-error.ts'
import { limitEndsAt } from '../domain/send-limit-end.ts'
import type { WriteNamed } from '../domain/writes.ts'

/** Counts a message before it is sent. Where that is one too many, the caller hears when the limit ends. */
export async function countMessage(
  { store }: Pick<Context, 'store'>,
  sends: readonly WriteNamed<'countSend'>[]
): Promise<void> {
  const conflict = await store.tryRun(sends)
  if (conflict === undefined) return
  if (conflict !== 'too_many_requests') throw new OperationError(conflict)
  const counts = await store.listSendCounts(sends.map(({ counter }) => counter))
  const ends = counts.flatMap((count) =>
    sends.filter(({ counter }) => counter === count.counter).map((send) => limitEndsAt(count, send))
  )
  throw new LimitReached(conflict, Math.max(...ends))
}
