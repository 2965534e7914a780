import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { readReturnPath } from '../../src/core/request/return-to.ts'

describe('a path to return to', () => {
  test.each(['/', '/a?b=c', '/ok?next=//e#x', '/%2f/e', '/%5ce', '/confirm/me@example.com'])(
    'MF-07 stays as it is: %s',
    (path) => {
      expect(readReturnPath(path)).toBe(path)
    }
  )

  test.each([
    'relative',
    '//e',
    '///e',
    '////e',
    '/\\e',
    '\\/e',
    '\\\\e',
    '/\t/e',
    '\t//e',
    '\n//e',
    ' //e',
    '\0//e',
    '\b//e',
    'http:e',
    'https:///e',
    'https:e',
    'https:/e',
    'https:\\e',
    '/..//e',
    '/.//e',
    '/a/..//e',
    '/./\\e',
    '/%2e%2e//e',
    '/%2e//e',
    'javascript:alert(1)',
    'JaVaScRiPt:x',
    'java\nscript:x',
    ' javascript:x',
    'data:x',
    'vbscript:x',
    'blob:https://app.example/x',
    'file:///etc',
    'ftp://e',
    'https://app.example@e',
    'https://app.example:443@e',
    'http://999999999',
    'https://app.example.e',
    'https://app.example%2ee',
    'https://app.example.',
    'https://app.example:8443',
    'http://app.example',
    'https://e#app.example',
    'https://e?app.example',
    'http:999999999',
    'http://[2001:/',
    '//e\u00ad.com',
    '//e。com',
    '//ｅ.com',
    '',
    '/a\r\nSet-Cookie: x',
    `/${'a'.repeat(2048)}`,
    `/${'./'.repeat(1024)}a`,
    '/%zz'
  ])('MF-03 MF-04 MF-05 MF-06 MF-08 MF-09 MF-24 that leads elsewhere is none: %j', (path) => {
    expect(readReturnPath(path)).toBeUndefined()
  })

  test.each([undefined, null, 7, ['/a', '/b'], { path: '/a' }])(
    'MF-09 that is no text is none: %j',
    (value) => {
      expect(readReturnPath(value)).toBeUndefined()
    }
  )

  test('MF-23 never leaves the origin, whatever the text', async () => {
    const origin = 'https://app.example'
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc
        .array(fc.constantFrom('/', '\\', '.', '%2e', '%2f', ':', '@', '?', '#', 'e', '\t', '。'))
        .map((parts) => `/${parts.join('')}`)
    )
    await fc.assert(
      fc.property(text, (value) => {
        const path = readReturnPath(value)
        if (path === undefined) return
        expect(path).toMatch(/^\/(?![/\\])/)
        expect(new URL(path, origin).origin).toBe(origin)
      }),
      { numRuns: 20_000 }
    )
  })
})
