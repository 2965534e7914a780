import { expect, test } from '@jest/globals'
import type { Config } from '../../src/core/options.ts'
import { nextStep, pageOfStep } from '../../src/core/sign-in/sign-in-step.ts'

const phone = { mfa_phone_number: 'XXXXXXX1234', totp_registration_id: '' }
const totp = { mfa_phone_number: '', totp_registration_id: 'member-totp-test-1' }
const both = { ...totp, mfa_phone_number: 'XXXXXXX1234' }
const primary = { allowed_auth_methods: ['magic_link'] }
const begun = {
  organization_id: 'o',
  member_id: 'm',
  return_to: '/',
  primary_required: null,
  mfa_required: { member_options: totp }
}
const mfa = (member_options: typeof phone | null, secondary_auth_initiated?: string) => ({
  ...begun,
  mfa_required: { member_options, secondary_auth_initiated }
})

test.each([
  ['none', 'nothing was begun', false, 'nothing'],
  ['none', 'the member is signed in', true, 'nothing'],
  ['none', 'the member is signed in, whatever is pending', true, begun],
  ['over', 'the intermediate session has expired', false, 'unreadable'],
  ['organization', 'no organization is chosen', false, { email_address: 'a@b', return_to: '/' }],
  ['primary', 'a primary factor is missing', false, { ...begun, primary_required: primary }],
  ['primary', 'both are missing', false, { ...begun, primary_required: primary, locked: true }],
  ['locked', 'too many codes were wrong', false, { ...begun, locked: true }],
  ['enroll', 'nothing is known', false, { ...begun, mfa_required: null }],
  ['enroll', 'nothing is enrolled', false, mfa(null)],
  ['totp', 'an authenticator is enrolled', false, mfa(totp)],
  ['totp', 'both are enrolled', false, mfa(both)],
  ['sms', 'a phone is enrolled', false, mfa(phone)],
  ['sms', 'both are enrolled and a code was sent', false, mfa(both, 'sms_otp')],
  ['sms', 'a code was sent', false, mfa(phone, 'sms_otp')]
] as const)('the next step is %s when %s', (step, _, isSignedIn, pending) => {
  expect(nextStep({ isSignedIn, pending })).toBe(step)
})

test.each([
  ['none', undefined],
  ['over', undefined],
  ['organization', '/organizations'],
  ['primary', '/sign-in'],
  ['locked', '/mfa/locked'],
  ['sms', '/mfa/sms'],
  ['totp', '/mfa/totp'],
  ['enroll', '/mfa/enroll']
] as const)('the page of the step %s is %s', (step, page) => {
  const paths = { loginPath: '/sign-in', organizationsPath: '/organizations', mfaPath: '/mfa' }
  expect(pageOfStep(step, paths as Config)).toBe(page)
})
