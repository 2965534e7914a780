import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createAtRest, newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { newId } from '../../src/authority/crypto/tokens.ts'
import { defaultSettings } from '../../src/authority/domain/project-settings.ts'
import { createSigningKeys, rotateSigningKeys } from '../../src/authority/signing-keys.ts'
import { openStore, type Store } from '../../src/authority/store/store.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'

const dayMs = 24 * 60 * 60 * 1000
const atRest = createAtRest([newAtRestKey()])

describeOnEachDatabase((createDatabase) => {
  let database: TestDatabase
  let stores: readonly Store[]
  let project_id: string
  let now: number

  beforeEach(async () => {
    now = Date.UTC(2026, 0, 1)
    database = await createDatabase()
    stores = [await openStore(database.location), await openStore(database.location)]
    project_id = newId('project', 'test')
    const policy = { roles: [], resources: [] }
    const project = { secret_hash: null, policy, settings: defaultSettings, now }
    await projectOf(0).run([{ do: 'insertProject', ...project }])
  })

  afterEach(async () => {
    await Promise.all(stores.map((store) => store.close()))
    await database.drop()
  })

  /** As each process sees it. */
  function projectOf(process: number) {
    const store = stores[process]
    if (store === undefined) throw new Error('There is no such process.')
    return store.ofProject(project_id)
  }

  const openKeys = (process: number) => createSigningKeys(projectOf(process), atRest, 'test')
  const rotate = (process = 0, atOnce = false, clock = () => now) =>
    rotateSigningKeys(projectOf(process), atRest, 'test', { atOnce, now: clock })

  async function kidsOf(keys: ReturnType<typeof openKeys>) {
    const published = (await keys.listPublic(now)).map(({ kid }) => kid)
    return { signing: (await keys.signingKey(now)).kid, published }
  }

  test('AK-01: a key that is published by hand signs a day later, in every process', async () => {
    const processes = [openKeys(0), openKeys(1)]
    for (const keys of processes) await kidsOf(keys)
    const { kid, signs_at, earlier } = await rotate()
    expect(signs_at).toBe(now + dayMs)
    const [before] = earlier
    expect(before?.ends_at).toBe(signs_at + 30 * dayMs)
    // What a process knows it forgets in two seconds.
    for (const moment of [now + 2000, signs_at - 1]) {
      now = moment
      for (const keys of processes) {
        expect(await kidsOf(keys)).toEqual({ signing: before?.kid, published: [kid, before?.kid] })
      }
    }
    now = signs_at
    for (const keys of processes) expect((await kidsOf(keys)).signing).toBe(kid)
  })

  test('AK-02: a key is neither published nor believed once its month is over', async () => {
    const keys = openKeys(0)
    const { signing } = await kidsOf(keys)
    const { signs_at } = await rotate()
    now = signs_at + 30 * dayMs - 1
    expect(await keys.verificationKey(signing, now)).toBeDefined()
    now += 1
    expect(await keys.verificationKey(signing, now)).toBeUndefined()
    expect((await kidsOf(keys)).published).not.toContain(signing)
  })

  test('AK-03, AK-09: an emergency ends every other key in ten seconds, and no process signs with one after', async () => {
    const processes = [openKeys(0), openKeys(1)]
    const [{ signing: leaked } = { signing: '' }] = await Promise.all(processes.map(kidsOf))
    const { kid: waiting } = await rotate()
    now += 60_000
    for (const keys of processes) await kidsOf(keys)
    const { kid, signs_at } = await rotate(0, true)
    expect(signs_at).toBe(now + 10_000)
    // A process that asked just before knows nothing of it yet, and does nothing wrong until it asks again.
    now += 1999
    for (const keys of processes) expect((await kidsOf(keys)).signing).toBe(leaked)
    now = signs_at - 1
    for (const keys of processes) {
      const { signing, published } = await kidsOf(keys)
      expect(signing).toBe(leaked)
      expect(published).toContain(kid)
    }
    now = signs_at
    for (const keys of processes) {
      expect(await kidsOf(keys)).toEqual({ signing: kid, published: [kid] })
      for (const ended of [leaked, waiting]) {
        expect(await keys.verificationKey(ended, now)).toBeUndefined()
      }
    }
  })

  test.each([
    ['by hand', false],
    ['in an emergency', true]
  ])(
    'AK-04: of many rotations at one moment in two processes one makes a key: %s',
    async (_, atOnce) => {
      await kidsOf(openKeys(0))
      // Each takes at least as long as it takes to make a key.
      let moment = now
      const clock = () => {
        moment += 1
        return moment
      }
      const rotations = await Promise.all(
        Array.from({ length: 8 }, (_, index) => rotate(index % 2, atOnce, clock))
      )
      expect(new Set(rotations.map(({ kid }) => kid)).size).toBe(1)
      expect(await projectOf(0).listSigningKeys()).toHaveLength(2)
    },
    60_000
  )

  test('AK-04: of many processes that find a key due one makes the next', async () => {
    await kidsOf(openKeys(0))
    now += 179 * dayMs
    const seen = await Promise.all(
      Array.from({ length: 8 }, (_, index) => kidsOf(openKeys(index % 2)))
    )
    expect(new Set(seen.map(({ published }) => published.join())).size).toBe(1)
    expect(await projectOf(0).listSigningKeys()).toHaveLength(2)
  }, 60_000)

  test('a second rotation by hand names the key that waits already', async () => {
    await kidsOf(openKeys(0))
    const first = await rotate()
    now += 60_000
    expect(await rotate(1)).toEqual(first)
  })

  test('asks the database once in two seconds, however many ask', async () => {
    const store = projectOf(0)
    let asked = 0
    const counting: typeof store = {
      ...store,
      listSigningKeys() {
        asked += 1
        return store.listSigningKeys()
      }
    }
    const keys = createSigningKeys(counting, atRest, 'test')
    await keys.signingKey(now)
    asked = 0
    for (let index = 0; index < 100; index += 1) {
      await keys.signingKey(now)
      await keys.verificationKey(`kid-${index}`, now)
      await keys.listPublic(now)
    }
    expect(asked).toBeLessThanOrEqual(1)
    now += 2000
    await keys.signingKey(now)
    expect(asked).toBeGreaterThanOrEqual(1)
  })

  describe('a signing key', () => {
    test('AK-06: is private to the sealed column', async () => {
      await kidsOf(openKeys(0))
      const [record] = await projectOf(0).listSigningKeys()
      expect(record?.private_key).toMatch(/^v1\./)
      expect(JSON.stringify(record?.public_jwk)).not.toMatch(/"(d|p|q|dp|dq|qi)":/)
      expect(await database.dump()).not.toContain('PRIVATE KEY')
    })
  })
})
