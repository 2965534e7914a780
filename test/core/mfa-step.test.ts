import { expect, test } from '@jest/globals'
import { nextStep } from '../../src/core/sign-in/mfa-step.ts'

const phone = { mfa_phone_number: 'XXXXXXX1234', totp_registration_id: '' }
const totp = { mfa_phone_number: '', totp_registration_id: 'member-totp-test-1' }
const both = { ...totp, ...{ mfa_phone_number: 'XXXXXXX1234' } }
const sent = 'sms_otp'
const primary = { allowed_auth_methods: ['magic_link'] }

test.each([
  ['primary', { primary_required: primary, mfa_required: null }],
  ['primary', { primary_required: primary, mfa_required: { member_options: totp } }],
  ['enroll', { primary_required: null, mfa_required: null }],
  ['enroll', { primary_required: null, mfa_required: { member_options: null } }],
  ['totp', { primary_required: null, mfa_required: { member_options: totp } }],
  ['totp', { primary_required: null, mfa_required: { member_options: both } }],
  ['sms', { primary_required: null, mfa_required: { member_options: phone } }],
  [
    'sms',
    {
      primary_required: null,
      mfa_required: { member_options: both, secondary_auth_initiated: sent }
    }
  ]
] as const)('the next step is %s for %j', (step, state) => {
  const rest = { organization_id: 'o', member_id: 'm', return_to: '/' }
  expect(nextStep({ ...rest, ...state })).toBe(step)
})
