import { describe, expect, test } from '@jest/globals'
import { maskPath } from '../../src/core/explain/mask-path.ts'

describe('the path of a denial shows', () => {
  test.each([
    '/',
    '/documents',
    '/api/v1/reset-password',
    '/settings/changeEmail/',
    '/API/docs.html',
    '/b2b/team_members',
    '/orders/42'
  ])('%s as it is', (path) => {
    expect(maskPath(path)).toBe(path)
  })

  test('no query and no fragment', () => {
    expect(maskPath('/search?email=ada@acme.test')).toBe('/search')
    expect(maskPath('/search#token')).toBe('/search')
    expect(maskPath('?token=secret')).toBe('')
  })

  test.each([
    ['an opaque token', 'DOYoip3rvIMMW5lgItikFK-Ak1CfMsgjuiCyI7uuU94'],
    ['letters alone in mixed case', 'xQzRtYpLmNbVcXwQzRtYpLmN'],
    ['a long hexadecimal number', 'deadbeefcafe0123456789abcdef'],
    ['a UUID', '07971b06-ac8b-4cdb-9c15-63b17e653931'],
    ['an id', 'member-test-32fc5024-9c09-4da3-bd2e-c9ce4da9375f'],
    ['a JWT', 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJtZW1iZXIifQ.c2lnbmF0dXJl'],
    ['a code of six digits', '123456'],
    ['a recovery code', 'ckss-2skx-ebow'],
    ['an e-mail address', 'ada@acme.test'],
    ['an e-mail address, encoded', 'ada%40acme.test'],
    ['a phone number', '+12025550143'],
    ['base64 with padding', 'c2VjcmV0IHNlY3JldA=='],
    ['a long word', 'a'.repeat(21)],
    ['a control character', 'a\u001b[31m'],
    ['a line end', 'a\nGET']
  ])('%s as …', (_, segment) => {
    expect(maskPath(`/link/${segment}/open`)).toBe('/link/…/open')
  })

  test('no more than 200 characters', () => {
    expect(maskPath('/folder'.repeat(100))).toHaveLength(201)
  })
})
