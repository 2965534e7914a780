import { expect, test } from '@jest/globals'

/** What each door exports at run time. A new name is a deliberate line here. */
const doors: Record<string, readonly string[]> = {
  membergate: ['checkPermission', 'compilePolicy', 'createAuthenticator'],
  'membergate/authority': [
    'createAuthority',
    'createOutbox',
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
  'membergate/express': [
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
  ],
  'membergate/koa': [
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
  ],
  'membergate/testing': ['openAuthority']
}

test.each(Object.entries(doors))('%s exports just its names', async (door, names) => {
  expect(Object.keys(await import(door)).sort()).toEqual([...names].sort())
})
