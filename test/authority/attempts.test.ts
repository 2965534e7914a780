import { beforeEach, expect, test } from '@jest/globals'
import type { Context } from '../../src/authority/context.ts'
import { lockableOf } from '../../src/authority/domain/lockables.ts'
import type { Write } from '../../src/authority/domain/writes.ts'
import { attempt, attemptSecondFactor } from '../../src/authority/steps/attempts.ts'

let units: (readonly string[])[] = []
beforeEach(() => {
  units = []
})

async function note(writes: readonly Write[]) {
  units.push(writes.map((write) => write.do))
}

const context = {
  store: {
    project_id: 'project',
    run: note,
    tryRun: note,
    async findLock() {
      throw new Error('The database is away.')
    }
  },
  now: 0
} as unknown as Context
const attemptedBy = {
  lockable: lockableOf('member', 'totp'),
  intermediate_session_id: 'intermediate'
} as const
const reserved = ['reserveIntermediateAttempt', 'reserveAttempt']
const released = ['releaseIntermediateAttempt', 'releaseOnlyAttempt', 'releaseAttempt']

test('counts are given back in the order in which they were taken, so that no two wait for each other', async () => {
  await attempt(context, attemptedBy, async () => true)
  expect(units).toEqual([reserved, released])
})

test('a right code is given back by what it finishes, within its turn', async () => {
  const finish = (name: string) => async () => {
    await Promise.resolve()
    units.push([name])
    return name
  }
  const compare = async () => true
  const answers = await Promise.all([
    attemptSecondFactor(context, attemptedBy, { compare, finish: finish('first') }),
    attemptSecondFactor(context, attemptedBy, { compare, finish: finish('second') })
  ])
  expect(answers).toEqual(['first', 'second'])
  expect(units).toEqual([reserved, ['first'], reserved, ['second']])
})

test('a right code is given back when what it finishes fails', async () => {
  const finish = () => Promise.reject(new Error('It was used.'))
  const compare = async () => true
  await expect(attemptSecondFactor(context, attemptedBy, { compare, finish })).rejects.toThrow(
    'It was used.'
  )
  expect(units).toEqual([reserved, released])
})

test.each([
  ['one factor', () => attempt(context, attemptedBy, async () => undefined)],
  [
    'a second factor',
    () =>
      attemptSecondFactor(context, attemptedBy, {
        compare: async () => undefined,
        finish: async () => true
      })
  ]
])('a wrong code of %s stays counted, whatever fails afterwards', async (_, tryWrongCode) => {
  await expect(tryWrongCode()).rejects.toThrow('The database is away.')
  expect(units).toEqual([reserved])
})
