import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { DatabaseUnavailable, type Engine } from '../../src/authority/store/engine.ts'
import {
  createFailureCounts,
  type FailureCounts
} from '../../src/authority/store/failure-counts.ts'
import { openStore, type Store } from '../../src/authority/store/store.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'

const hour = 3_600_000
const began = Date.UTC(2000, 0, 1)

/** A database that is away, so that memory counts. */
const away = {
  read: () => Promise.reject(new DatabaseUnavailable(undefined))
} as unknown as Engine

function countingByTheClockOfTheAuthority(open: () => FailureCounts): void {
  test('counts for as long as it is told from the first on, by the clock of its caller', async () => {
    const counts = open()
    expect(await counts.find('a', began)).toBeUndefined()
    const first = { failures: 1, ends_at: began + hour }
    expect(await counts.add('a', 60, began)).toEqual(first)
    expect(await counts.add('a', 60, began + hour - 1)).toEqual({ ...first, failures: 2 })
    expect(await counts.find('a', began + hour - 1)).toEqual({ ...first, failures: 2 })
    expect(await counts.find('b', began)).toBeUndefined()
    expect(await counts.find('a', began + hour)).toBeUndefined()
    expect(await counts.add('a', 60, began + hour)).toEqual({
      failures: 1,
      ends_at: began + 2 * hour
    })
  })
}

describe('failures that are counted', () => {
  describeOnEachDatabase((create) => {
    let database: TestDatabase
    let store: Store
    beforeAll(async () => {
      database = await create()
      store = await openStore(database.location)
    })
    afterAll(async () => {
      await store.close()
      await database.drop()
    })

    countingByTheClockOfTheAuthority(() => store.ofProject('project').failures)
  })

  describe('in memory', () => {
    countingByTheClockOfTheAuthority(() => createFailureCounts(away).ofProject('project'))

    test('ten thousand counters stay, those that were used last', async () => {
      const counts = createFailureCounts(away).ofProject('project')
      await counts.add('kept', 60, began)
      await counts.add('first', 60, began)
      for (let index = 0; index < 9998; index += 1) await counts.add(`other ${index}`, 60, began)
      await counts.add('kept', 60, began)
      await counts.add('one too many', 60, began)
      expect(await counts.find('kept', began)).toMatchObject({ failures: 2 })
      expect(await counts.find('first', began)).toBeUndefined()
      expect(await counts.find('other 0', began)).toMatchObject({ failures: 1 })
    })
  })
})
