import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import common from '@zxcvbn-ts/language-common'
import {
  createStrengthMeter,
  type StrengthMeter
} from '../../src/authority/crypto/password-strength.ts'
import { isOverloaded } from '../../src/authority/crypto/passwords.ts'
import {
  isStrong,
  ludsFeedback,
  strengthHints
} from '../../src/authority/domain/password-strength.ts'

let meter: StrengthMeter

async function isStrongFor(password: string, hints: readonly string[] = []): Promise<boolean> {
  return isStrong(await meter.rate(password, hints))
}

describe('the strength of a password', () => {
  beforeAll(() => {
    meter = createStrengthMeter()
  })
  afterAll(() => meter.close())

  test.each([
    'correct horse battery staple',
    '🔑🦊🌋🚲🪁🧭',
    'Xk3-vv9!qLp2',
    'x'.repeat(10).concat('Xk3-vv9!qLp2')
  ])('%j is strong', async (password) => {
    expect(await isStrongFor(password)).toBe(true)
  })

  test.each([
    'password',
    'P@ssw0rd1',
    'qwertyuiop',
    '12345678',
    '1984-04-01',
    'aaaaaaaaaaaa',
    'ｐａｓｓｗｏｒｄ'
  ])('%j is weak, and something is said about it', async (password) => {
    const rating = await meter.rate(password, [])
    expect(isStrong(rating)).toBe(false)
    expect(rating.warning.length + rating.suggestions.length).toBeGreaterThan(0)
  })

  test('AP-12: none of the 3,000 commonest passwords is strong', async () => {
    const commonest = common.dictionary['passwords-common'].slice(0, 3000)
    expect(commonest).toHaveLength(3000)
    const strong: string[] = []
    for (const password of commonest) {
      if (await isStrongFor(password)) strong.push(password)
    }
    expect(strong).toEqual([])
  })

  test('what a person is called and how they are reached makes it weak', async () => {
    const hints = strengthHints({
      email_address: 'zbigniew.brzeczyszczykiewicz@lekolody.example',
      name: 'Grzegorz Zażółć'
    })
    for (const password of ['brzeczyszczykiewicz', 'Brzeczyszczykiewicz1', 'lekolody.example']) {
      expect(await isStrongFor(password)).toBe(true)
      expect(await isStrongFor(password, hints)).toBe(false)
    }
  })

  test('its first 72 characters are rated, so that a long one takes no longer', async () => {
    const leet = '4@8({[</369&#9!1/|0$5+7%2'
    expect(await meter.rate(leet.repeat(40), [])).toEqual(await meter.rate(leet.repeat(3), []))
    expect(await isStrongFor(`${'a'.repeat(72)}Xk3-vv9!qLp2`)).toBe(false)
  })

  test('others do not wait while it is rated', async () => {
    await meter.rate('warm', [])
    const rating = meter.rate('4@8({[</369&#9!1/|0$5+7%2'.repeat(3), [])
    let turns = 0
    const timer = setInterval(() => {
      turns += 1
    }, 5)
    await rating
    clearInterval(timer)
    expect(turns).toBeGreaterThan(10)
  })

  test('AP-06: a burst beyond one at work and fifty waiting is refused at once, and the rest is answered', async () => {
    const burst = Array.from({ length: 60 }, (_, index) => meter.rate(`password ${index}`, []))
    const results = await Promise.allSettled(burst)
    const refused = results.filter((result) => result.status === 'rejected')
    expect(refused).toHaveLength(9)
    expect(refused.every(({ reason }) => isOverloaded(reason))).toBe(true)
    expect(await isStrongFor('correct horse battery staple')).toBe(true)
  })

  test('ratings at the same moment are not mixed up', async () => {
    const passwords = ['password', 'correct horse battery staple', '12345678', 'Xk3-vv9!qLp2']
    expect(await Promise.all(passwords.map((password) => isStrongFor(password)))).toEqual([
      false,
      true,
      false,
      true
    ])
  })
})

test('a meter that was closed starts anew', async () => {
  const closed = createStrengthMeter()
  await closed.close()
  expect((await closed.rate('password', [])).score).toBe(0)
  await closed.close()
  expect((await closed.rate('password', [])).score).toBe(0)
  await closed.close()
})

describe('hints', () => {
  test('are the address, its halves and the name, and their words of three letters or more', () => {
    const hints = strengthHints({ email_address: 'jo.doe@acme.example', name: 'Jo Ann-Zoë' })
    expect([...hints].sort()).toEqual(
      [
        'Ann',
        'Jo Ann-Zoë',
        'Zoë',
        'acme',
        'acme.example',
        'doe',
        'example',
        'jo.doe',
        'jo.doe@acme.example'
      ].sort()
    )
    expect(strengthHints({})).toEqual([])
  })
})

describe('what a password is made of', () => {
  test.each([
    ['abc', 'lower_case'],
    ['ABC', 'upper_case'],
    ['123', 'digit'],
    ['- é', 'symbol']
  ])('%j has only %s', (password, kind) => {
    const none = {
      has_lower_case: false,
      has_upper_case: false,
      has_digit: false,
      has_symbol: false,
      missing_complexity: 0,
      missing_characters: 0
    }
    expect(ludsFeedback(password)).toEqual({ ...none, [`has_${kind}`]: true })
  })
})
