import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { defaultSettings } from '../../src/authority/domain/project-settings.ts'
import { limitEndsAt } from '../../src/authority/domain/send-limit-end.ts'
import { openStore, type ProjectStore, type Store } from '../../src/authority/store/store.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'

const window_ms = 60_000
const began = Date.UTC(2030, 0, 1)

describe('a counter that takes no more messages', () => {
  describeOnEachDatabase((create) => {
    let database: TestDatabase
    let store: Store
    let project: ProjectStore
    beforeAll(async () => {
      database = await create()
      store = await openStore(database.location)
      project = store.ofProject('project-test-11111111-1111-4111-8111-111111111111')
      const policy = { roles: [], resources: [] }
      const settings = defaultSettings
      await project.run([{ do: 'insertProject', secret_hash: null, policy, settings, now: began }])
    })
    afterAll(async () => {
      await store.close()
      await database.drop()
    })

    let counters = 0

    test('takes the next at the time that is said, and not a millisecond earlier', async () => {
      let denied = 0
      await fc.assert(
        fc.asyncProperty(
          fc.integer({ min: 1, max: 5 }),
          fc.array(fc.integer({ min: 0, max: 40_000 }), { minLength: 3, maxLength: 12 }),
          async (limit, pauses) => {
            counters += 1
            const counter = `counter ${counters}`
            const send = (now: number) =>
              project.tryRun([
                {
                  do: 'countSend',
                  counter,
                  window_ms,
                  limit,
                  now,
                  onConflict: 'too_many_requests'
                }
              ])
            let now = began
            for (const pause of pauses) {
              now += pause
              if ((await send(now)) === undefined) continue
              denied += 1
              const [count] = await project.listSendCounts([counter])
              if (count === undefined) throw new Error('Nothing was counted.')
              const end = limitEndsAt(count, { window_ms, limit })
              expect(end).toBeGreaterThan(now)
              if (end - 1 > now) expect(await send(end - 1)).toBe('too_many_requests')
              expect(await send(end)).toBeUndefined()
              now = end
            }
          }
        ),
        { numRuns: 60 }
      )
      expect(denied).toBeGreaterThan(50)
    })
  })
})
