import { expect, test } from '@jest/globals'
import { createAtRest, newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { defaultSettings } from '../../src/authority/domain/project-settings.ts'
import { createSigningKeys } from '../../src/authority/signing-keys.ts'
import { openStore } from '../../src/authority/store/store.ts'

test('calls that need the first key at the same moment wait for the same one', async () => {
  const store = await openStore(':memory:')
  const project = store.ofProject('project-test-11111111-1111-4111-8111-111111111111')
  await project.run([
    {
      do: 'insertProject',
      secret_hash: null,
      policy: { roles: [], resources: [] },
      settings: defaultSettings,
      now: 0
    }
  ])
  let made = 0
  const counting: typeof project = {
    ...project,
    tryRun(writes) {
      made += 1
      return project.tryRun(writes)
    }
  }
  const keys = createSigningKeys(counting, createAtRest([newAtRestKey()]), 'test')
  const [signing, ...lists] = await Promise.all([
    keys.signingKey(0),
    ...Array.from({ length: 20 }, () => keys.listPublic(0))
  ])
  expect(made).toBe(1)
  for (const list of lists) expect(list).toMatchObject([{ kid: signing.kid }])
  await store.close()
})
