import { afterAll, beforeAll, expect, jest, test } from '@jest/globals'
import { readOptions } from '../../src/core/options.ts'
import { createSealedStates, type SignInState } from '../../src/core/sign-in/sealed-state.ts'

const project_id = 'project-test-1'
const short = 'acme2026'
const long = 'secret-test-0123456789abcdefghijklmnop'
const token = 'i'.repeat(44)
const state: SignInState = {
  organization_id: 'organization-test-1',
  member_id: 'member-test-1',
  mfa_required: null,
  primary_required: null,
  return_to: '/'
}

const warn = jest.spyOn(process, 'emitWarning')
beforeAll(() => void warn.mockImplementation(() => {}))
afterAll(() => warn.mockRestore())

const keysOf = (options: object) => readOptions({ project_id, ...options }, {}).sealingKeys
const sealedBy = (keys: readonly string[]) =>
  createSealedStates(keys).seal({
    state,
    intermediate_session_token: token,
    expiresAt: 600_000
  })
const isOpenedBy = async (keys: readonly string[], sealed: string) =>
  (await createSealedStates(keys).open(sealed, token, 0)) !== undefined

test('a cookie of an app with a short secret tells no guesser whether a guess is right', async () => {
  const sealed = await sealedBy(keysOf({ secret: short }))
  expect(await isOpenedBy([short], sealed)).toBe(false)
})

test('it is opened in the same process, by an app of the same secret and no other', async () => {
  const sealed = await sealedBy(keysOf({ secret: short }))
  expect(await isOpenedBy(keysOf({ secret: short }), sealed)).toBe(true)
  expect(await isOpenedBy(keysOf({ secret: 'globex26' }), sealed)).toBe(false)
})

test('a warning says so, once', () => {
  keysOf({ secret: short })
  keysOf({ secret: 'globex26' })
  expect(warn.mock.calls).toEqual([
    [
      expect.stringMatching(/fewer than 32 characters.*random key of this process.*sealingKeys/),
      { type: 'MembergateWarning', code: 'MEMBERGATE_SHORT_SECRET' }
    ]
  ])
  for (const [message] of warn.mock.calls) expect(message).not.toContain(short)
})

test('a long secret seals, and so do keys that are given', () => {
  expect(keysOf({ secret: long })).toEqual([long])
  const sealingKeys = ['k'.repeat(32)]
  expect(keysOf({ secret: short, sealingKeys })).toEqual(sealingKeys)
})
