import { expect, test } from '@jest/globals'

/** What every framework has, as free functions and from an instance. */
const offeredByFrameworks = [
  'authorizationOf',
  'chooseOrganization',
  'completeDiscovery',
  'completeSignIn',
  'createMemberAuth',
  'handleMfaRedirect',
  'memberOf',
  'mfaRoutes',
  'pendingDiscovery',
  'pendingSignIn',
  'requireMemberSession',
  'requirePermission',
  'requireRecentFactor',
  'signOut',
  'switchOrganization',
  'verdictOf'
]

/** What each entry point exports at run time. A new name is a deliberate line here. */
const entryPoints: Record<string, readonly string[]> = {
  membergate: ['addHeaders', 'checkPermission', 'compilePolicy', 'createMemberAuth', 'sendAnswer'],
  'membergate/authority': [
    'createAuthority',
    'createOutbox',
    'pwnedPasswords',
    'showOutbox',
    'smtpSender',
    'webhookSender'
  ],
  'membergate/client': ['createClient'],
  'membergate/errors': [
    'AccessError',
    'ApiError',
    'ConfigError',
    'MembergateError',
    'UnavailableError',
    'isMembergateError'
  ],
  'membergate/express': offeredByFrameworks,
  'membergate/koa': offeredByFrameworks,
  'membergate/testing': ['openAuthority']
}

test.each(Object.entries(entryPoints))('%s exports just its names', async (entryPoint, names) => {
  expect(Object.keys(await import(entryPoint)).sort()).toEqual([...names].sort())
})

test.each([
  ['membergate', ['authenticate']],
  ['membergate/express', []],
  ['membergate/koa', []]
])(
  'an instance of %s has the functions of every other, and two of its own',
  async (entryPoint, more) => {
    const { createMemberAuth } = await import(entryPoint)
    const auth = createMemberAuth({
      project_id: 'project-test-1',
      secret: 'secret-test-0123456789abcdefghijklmnop'
    })
    const offered = offeredByFrameworks.filter((name) => name !== 'createMemberAuth')
    expect(Object.keys(auth).sort()).toEqual([...offered, 'client', 'invalidate', ...more].sort())
  }
)
