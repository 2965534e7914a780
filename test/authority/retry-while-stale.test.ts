import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { problem, stale } from '../../src/authority/domain/problem.ts'
import { Refusal } from '../../src/authority/refusal.ts'
import { retryWhileStale } from '../../src/authority/steps/retry-while-stale.ts'

test('three hundred rivals all change one version', async () => {
  let version = 0
  const change = async () => {
    const seen = version
    await pause(1)
    if (version !== seen) throw new Refusal(stale)
    version += 1
  }
  await Promise.all(Array.from({ length: 300 }, () => retryWhileStale(change)))
  expect(version).toBe(300)
}, 20_000)

test('another refusal is not tried again', async () => {
  let tries = 0
  const refused = retryWhileStale(async () => {
    tries += 1
    throw new Refusal(problem('session_not_found'))
  })
  await expect(refused).rejects.toMatchObject({ problem: { problem: 'session_not_found' } })
  expect(tries).toBe(1)
})
