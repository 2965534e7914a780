import { describe, expect, test } from '@jest/globals'
import { createSealedStates, type SignInState } from '../../src/core/sign-in/sealed-state.ts'

const key = 'k'.repeat(32)
const states = createSealedStates([key])
const token = 'i'.repeat(44)
const expiresAt = 600_000
const good: SignInState = {
  organization_id: 'organization-test-1',
  member_id: 'member-test-1',
  mfa_required: null,
  primary_required: null,
  return_to: '/'
}
const seal = (state: object, under = states) =>
  under.seal({ state: state as SignInState, intermediate_session_token: token, expiresAt })

test('a sealed state is opened beside its intermediate session, until it ends', async () => {
  const sealed = await seal(good)
  expect((await states.open(sealed, token, expiresAt - 1))?.state).toEqual(good)
  expect(await states.open(sealed, token, expiresAt)).toBeUndefined()
  expect(await states.open(sealed, 'j'.repeat(44), 0)).toBeUndefined()
})

test('it is opened by a key that came before, and by no other', async () => {
  const sealed = await seal(good)
  const next = 'n'.repeat(32)
  expect((await createSealedStates([next, key]).open(sealed, token, 0))?.state).toEqual(good)
  expect(await createSealedStates([next]).open(sealed, token, 0)).toBeUndefined()
})

describe('what another version has sealed with the same key is none:', () => {
  test.each<[string, object]>([
    ['a member without an organization', { ...good, organization_id: undefined }],
    ['a requirement that is left out', { ...good, primary_required: undefined }],
    ['a requirement of another form', { ...good, mfa_required: true }],
    ['a lock of another form', { ...good, locked: 'yes' }],
    ['nobody at all', { return_to: '/' }]
  ])('%s', async (_, state) => {
    expect(await states.open(await seal(state), token, 0)).toBeUndefined()
  })
})
