import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { OperationError } from '../../src/authority/domain/operation-error.ts'
import { retryWhileStale } from '../../src/authority/steps/retry-while-stale.ts'

test('three hundred rivals all change one version', async () => {
  let version = 0
  const change = async () => {
    const seen = version
    await pause(1)
    if (version !== seen) throw new OperationError('stale')
    version += 1
  }
  await Promise.all(Array.from({ length: 300 }, () => retryWhileStale(change)))
  expect(version).toBe(300)
}, 20_000)

test.each(['session_not_found', 'server_unavailable'] as const)(
  '%s is not tried again',
  async (error_type) => {
    let tries = 0
    const refused = retryWhileStale(async () => {
      tries += 1
      throw new OperationError(error_type)
    })
    await expect(refused).rejects.toMatchObject({ error_type, isStale: false })
    expect(tries).toBe(1)
  }
)
