import { expect, test } from '@jest/globals'
import type { Context } from '../../src/authority/context.ts'
import type { Write } from '../../src/authority/domain/writes.ts'
import { attempt } from '../../src/authority/steps/attempts.ts'

test('counts are given back in the order in which they were taken, so that no two wait for each other', async () => {
  const units: (readonly string[])[] = []
  const run = async (writes: readonly Write[]) => {
    units.push(writes.map((write) => write.do))
  }
  const context = { store: { project_id: 'project', run }, now: 0 } as unknown as Context
  const attemptedBy = {
    member_id: 'member',
    credential: 'code',
    intermediate_session_id: 'intermediate'
  } as const
  await attempt(context, attemptedBy, async () => true)
  expect(units).toEqual([
    ['reserveIntermediateAttempt', 'reserveAttempt'],
    ['releaseIntermediateAttempt', 'releaseAttempt']
  ])
})
