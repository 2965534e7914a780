import { expect, test } from '@jest/globals'

/** What each entry point exports at run time. A new name is a deliberate line here. */
const entryPoints: Record<string, readonly string[]> = {
  membergate: ['addHeaders', 'checkPermission', 'compilePolicy', 'createMemberAuth', 'sendAnswer'],
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

test.each(Object.entries(entryPoints))('%s exports just its names', async (entryPoint, names) => {
  expect(Object.keys(await import(entryPoint)).sort()).toEqual([...names].sort())
})
