import { describe, expect, test } from '@jest/globals'
import type { Context } from '../../src/authority/context.ts'
import { createAtRest, newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import type { SmsMessage } from '../../src/authority/delivery/delivery.ts'
import { isChallengedBySms } from '../../src/authority/domain/mfa.ts'
import { assertSmsDestination, isSmsDestination } from '../../src/authority/domain/phone-numbers.ts'
import { defaultSettings } from '../../src/authority/domain/project-settings.ts'
import { challengeBySms } from '../../src/authority/steps/sms-codes.ts'
import { aMember, anOrganization } from '../support/records.ts'
import { thrownBy } from './thrown.ts'

const phone = { phone_id: 'phone-1', mfa_phone_number: '+12025550162' }
const verified = { ...phone, mfa_phone_number_verified: true }
const totp = { totp_registration_id: 'totp-1' }
const preferred = { default_mfa_method: 'totp' } as const
const onlyTotp = { mfa_methods: 'RESTRICTED', allowed_mfa_methods: ['totp'] }
const onlySms = { mfa_methods: 'RESTRICTED', allowed_mfa_methods: ['sms_otp'] }

const contextOf = (delivery: object) =>
  ({
    project: { settings: defaultSettings },
    store: { project_id: 'project', tryRun: async () => undefined },
    atRest: createAtRest([newAtRestKey()]),
    environment: 'test',
    delivery,
    now: 0
  }) as unknown as Context

describe('a sign-in that waits for the second factor', () => {
  test.each([
    ['no number', {}, {}, false],
    ['an unverified number', phone, {}, true],
    ['a verified number', verified, {}, true],
    ['an unverified number beside an authenticator', { ...phone, ...totp }, {}, false],
    ['both, and no default', { ...verified, ...totp }, {}, true],
    ['both, and TOTP as the default', { ...verified, ...totp, ...preferred }, {}, false],
    ['a number, and a default that is gone', { ...verified, ...preferred }, {}, true],
    ['a number where only TOTP is allowed', verified, onlyTotp, false],
    ['both where only SMS is', { ...verified, ...totp, ...preferred }, onlySms, true],
    ['a number where no rule binds', { ...verified, is_breakglass: true }, onlyTotp, true]
  ])('of a member with %s', (_what, fields, settings, expected) => {
    expect(isChallengedBySms(anOrganization(settings), aMember(fields))).toBe(expected)
  })

  test('sends one code, however often the call tries again', async () => {
    const sent: SmsMessage[] = []
    const context = contextOf({
      async sms(message: SmsMessage) {
        sent.push(message)
      }
    })
    const tries = [verified, verified, { ...verified, mfa_phone_number: '+12025550163' }]
    const writes = []
    for (const fields of tries) {
      writes.push(await challengeBySms(context, anOrganization(), aMember(fields), undefined))
    }
    expect(sent).toHaveLength(1)
    expect(writes[0]?.code.recipient).toBe('+12025550162')
    expect(writes[1]).toBe(writes[0])
    expect(writes[2]).toBe(undefined)
  })
})

describe('a sign-in', () => {
  const refuse = async () => {
    throw new Error('A code was sent.')
  }

  test.each([
    [
      'of a member whose codes by SMS are locked',
      { sms: refuse },
      { locks: [{ type: 'otp', created_at: 0, expires_at: 1 }] }
    ],
    ['where the server sends none', {}, {}]
  ] as const)('%s goes on without a code', async (_what, delivery, fields) => {
    const member = aMember({ ...verified, ...fields })
    const challenge = challengeBySms(contextOf(delivery), anOrganization(), member, undefined)
    expect(await challenge).toBeUndefined()
  })
})

describe('a number', () => {
  const everywhere = ['US', 'CA', 'DE', 'GB', 'FR', 'IT', 'AR', 'AF', 'CU', '001']

  test.each([
    ['+12025550162', undefined],
    ['+14165550123', undefined],
    ['+4915112345678', undefined],
    ['+447400123456', undefined],
    ['+390612345678', undefined],
    ['+18765550123', 'invalid_phone_number_country_code'],
    ['+93701234567', 'invalid_phone_number_country_code'],
    ['+5351234567', 'invalid_phone_number_country_code'],
    ['+19005550123', 'invalid_phone_number'],
    ['+18005550123', 'invalid_phone_number'],
    ['+447012345678', 'invalid_phone_number'],
    ['+44020794600', 'invalid_phone_number'],
    ['+49015112345678', 'invalid_phone_number'],
    ['+881612345678', 'invalid_phone_number'],
    ['+10000000000', 'invalid_phone_number']
  ])('AO-09: %s gets %p', (number, type) => {
    expect(thrownBy(() => assertSmsDestination(number, everywhere))).toBe(type)
    expect(isSmsDestination(number, everywhere)).toBe(type === undefined)
  })
})
