import { beforeEach, describe, expect, test } from '@jest/globals'
import { UnavailableError } from 'membergate/errors'
import { type Breaker, createBreaker } from '../../src/core/session/breaker.ts'
import { type Budget, createBudget } from '../../src/core/session/budget.ts'

let clock = 0
const now = () => clock
beforeEach(() => {
  clock = 1_000_000
})

describe('the breaker', () => {
  let breaker: Breaker
  let calls: number
  const away = () => {
    calls += 1
    return Promise.reject(
      new UnavailableError('authority_unavailable', { reason: 'authority_unreachable' })
    )
  }
  const back = async () => {
    calls += 1
    return 'answer'
  }
  const attempt = (call: () => Promise<unknown>) => breaker.run(call).catch(() => undefined)

  beforeEach(async () => {
    breaker = createBreaker(now)
    calls = 0
    for (let index = 0; index < 20; index += 1) await attempt(away)
  })

  test('holds calls back after 20 failures', async () => {
    await attempt(away)
    expect(calls).toBe(20)
    await expect(breaker.run(back)).rejects.toMatchObject({ headers: { 'Retry-After': '5' } })
  })

  test('lets one call in 5 seconds try, for as long as the outage lasts', async () => {
    for (let seconds = 0; seconds < 60; seconds += 1) {
      clock += 1000
      await Promise.all([attempt(away), attempt(away), attempt(away)])
    }
    expect(calls).toBe(20 + 12)
  })

  test('is well again with the first answer', async () => {
    clock += 5000
    expect(await breaker.run(back)).toBe('answer')
    await Promise.all(Array.from({ length: 10 }, () => breaker.run(back)))
    expect(calls).toBe(31)
  })

  test('does not hold on when the clock steps back', async () => {
    clock -= 3_600_000
    expect(await breaker.run(back)).toBe('answer')
  })

  test('counts a refusal as an answer', async () => {
    clock += 5000
    await attempt(() => Promise.reject({ status_code: 404, error_type: 'anything' }))
    expect(await breaker.run(back)).toBe('answer')
  })
})

describe('the budget', () => {
  let budget: Budget
  beforeEach(() => {
    budget = createBudget(now)
  })

  test('is refilled at 50 a second, up to 100', () => {
    for (let index = 0; index < 100; index += 1) budget.spend()
    expect(budget.hasSome()).toBe(false)
    clock += 20
    expect(budget.hasSome()).toBe(true)
    clock += 60_000
    for (let index = 0; index < 100; index += 1) budget.spend()
    expect(budget.hasSome()).toBe(false)
  })

  test('runs into debt, and pays it off first', () => {
    for (let index = 0; index < 200; index += 1) budget.spend()
    clock += 2000
    expect(budget.hasSome()).toBe(false)
    clock += 20
    expect(budget.hasSome()).toBe(true)
  })
})
