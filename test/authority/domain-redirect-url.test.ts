import { describe, expect, test } from '@jest/globals'
import { chooseRedirectUrl, linkTo } from '../../src/authority/domain/redirect-url.ts'
import { thrownBy } from './thrown.ts'

const errors = {
  missing: 'no_password_reset_redirect_url',
  unregistered: 'invalid_password_reset_redirect_url'
} as const
const settings = {
  sms_country_codes: [],
  redirect_urls: ['https://app.example/reset?from=mail', 'http://localhost:3000/']
}

describe('where a link leads', () => {
  test.each([
    [undefined, 'https://app.example/reset?from=mail'],
    ['https://app.example/reset', 'https://app.example/reset'],
    ['https://app.example:443/reset?next=%2Fhome', 'https://app.example/reset?next=%2Fhome'],
    ['HTTPS://APP.example/reset', 'https://app.example/reset'],
    ['http://localhost:3000', 'http://localhost:3000/']
  ])('%s is taken', (given, expected) => {
    expect(String(chooseRedirectUrl(given, settings, errors))).toBe(expected)
  })

  test.each([
    '',
    'app.example/reset',
    '//app.example/reset',
    'http://app.example/reset',
    'https://app.example/',
    'https://app.example/reset/',
    'https://app.example/Reset',
    'https://app.example/reset/../other',
    'https://app.example.evil.example/reset',
    'https://app.example:8443/reset',
    'https://app.example@evil.example/reset',
    'https://user@app.example/reset',
    'https://:secret@app.example/reset',
    'https://app.example/reset#@evil.example',
    'https://app.example\\@evil.example/reset',
    'http://localhost:3001/',
    'javascript:alert(1)',
    'data:text/html,x'
  ])('%j is not', (given) => {
    expect(thrownBy(() => chooseRedirectUrl(given, settings, errors))).toBe(errors.unregistered)
  })

  test('nowhere, when the project has no URL and the call names none', () => {
    const none = { ...settings, redirect_urls: [] }
    expect(thrownBy(() => chooseRedirectUrl(undefined, none, errors))).toBe(errors.missing)
    expect(thrownBy(() => chooseRedirectUrl('https://app.example/reset', none, errors))).toBe(
      errors.unregistered
    )
  })
})

test('a link carries the token and its type, once, beside what the query says already', () => {
  const redirect = new URL('https://app.example/reset?from=mail&token=old&stytch_token_type=x')
  const link = new URL(linkTo(redirect, 'multi_tenant_passwords', 'a-_=&b'))
  expect([...link.searchParams].sort()).toEqual([
    ['from', 'mail'],
    ['stytch_token_type', 'multi_tenant_passwords'],
    ['token', 'a-_=&b']
  ])
  expect(String(redirect)).toContain('token=old')
})
