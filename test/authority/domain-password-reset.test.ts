import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import {
  accessTokenFactor,
  addFactor,
  importedFactor,
  passwordFactor,
  totpFactor
} from '../../src/authority/domain/factors.ts'
import { assertMaySetPassword, withPasswordSet } from '../../src/authority/domain/password-reset.ts'
import type { AuthenticationFactor } from '../../src/wire/member-session.ts'
import { aMember } from '../support/records.ts'
import { thrownBy } from './thrown.ts'

const now = Date.UTC(2026, 0, 1, 12, 0, 0, 250)
const tooOld = 'session_too_old_to_reset_password'
const totp = totpFactor('totp-1')

/** A session whose factors were authenticated so many seconds ago. */
function factorsOf({ password, authenticator }: { password?: number; authenticator?: number }) {
  const first = password === undefined ? [] : addFactor([], passwordFactor, now - password * 1000)
  return authenticator === undefined ? first : addFactor(first, totp, now - authenticator * 1000)
}

function setsPassword(factors: readonly AuthenticationFactor[], moment: number): void {
  assertMaySetPassword(aMember(), factors, { now: moment, minutes: 5 })
}

describe('a session sets a password', () => {
  test.each([
    ['at once', { password: 0 }, undefined],
    ['299 seconds after its factor', { password: 299 }, undefined],
    ['300 seconds after its factor', { password: 300 }, undefined],
    ['not 301 seconds after its factor', { password: 301 }, tooOld],
    [
      'an hour after one factor and a minute after another',
      { password: 3600, authenticator: 60 },
      undefined
    ],
    [
      'a minute after one factor and an hour after another',
      { password: 60, authenticator: 3600 },
      undefined
    ],
    ['not an hour after both', { password: 3600, authenticator: 3599 }, tooOld],
    ['not without a factor', {}, tooOld]
  ])('%s', (_when, ages, expected) => {
    expect(thrownBy(() => setsPassword(factorsOf(ages), now))).toEqual(expected)
  })

  test.each([
    ['an app that the session itself let in', accessTokenFactor('app-1')],
    ['a session that was imported', importedFactor]
  ])('not by the factor of %s', (_of, factor) => {
    const factors = addFactor(factorsOf({ password: 3600 }), factor, now)
    expect(thrownBy(() => setsPassword(factors, now))).toEqual(tooOld)
  })

  test('not with a factor that does not say when', () => {
    expect(thrownBy(() => setsPassword([passwordFactor], now))).toEqual(tooOld)
  })
})

describe('a password that was set', () => {
  test('leaves a factor that is there as it is', () => {
    const factors = factorsOf({ password: 3600, authenticator: 60 })
    expect(withPasswordSet(factors, now)).toEqual(factors)
  })

  test('adds a factor as old as the latest factor', () => {
    const factors = factorsOf({ authenticator: 60 })
    expect(withPasswordSet(factors, now)).toEqual([
      ...factors,
      {
        ...passwordFactor,
        registered_in_session: true,
        created_at: '2026-01-01T12:00:00Z',
        updated_at: '2026-01-01T12:00:00Z',
        last_authenticated_at: '2026-01-01T11:59:00Z'
      }
    ])
  })

  test('never makes a session younger', () => {
    const age = fc.option(fc.integer({ min: 0, max: 1000 }), { nil: undefined })
    const later = fc.integer({ min: 0, max: 1000 })
    fc.assert(
      fc.property(age, age, later, (password, authenticator, seconds) => {
        const factors = factorsOf({ password, authenticator })
        const moment = now + seconds * 1000
        expect(thrownBy(() => setsPassword(withPasswordSet(factors, now), moment))).toEqual(
          thrownBy(() => setsPassword(factors, moment))
        )
      })
    )
  })
})
