import { keysOfEnvironment } from '../../src/authority/create-authority.ts'
import { createAtRest } from '../../src/authority/crypto/at-rest.ts'
import { signingKeyOf } from '../../src/authority/crypto/signing-keys.ts'
import { addKey } from '../../src/authority/domain/signing-keys.ts'
import { sealSigningKey } from '../../src/authority/signing-keys.ts'
import { openStoreBeside } from '../../src/authority/store/store.ts'
import { testKeys } from '../../src/testing/open-authority.ts'
import { takeRsaPair } from './rsa-pairs.ts'

/**
 * Gives projects of an authority for tests, which has just been opened, their first signing key, as it would do by
 * itself when it first signs: but of a pair that was not made for it.
 */
export async function storeSigningKeys(
  database: string,
  project_ids: readonly string[],
  now: number
): Promise<void> {
  const atRest = createAtRest(keysOfEnvironment(testKeys(database), database))
  const store = await openStoreBeside(database)
  try {
    for (const project_id of project_ids) {
      const key = signingKeyOf(await takeRsaPair(), 'test', now)
      await store
        .ofProject(project_id)
        .run(addKey([], sealSigningKey(key, project_id, atRest), now))
    }
  } finally {
    await store.close()
  }
}
