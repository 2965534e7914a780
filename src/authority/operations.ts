import type { OperationName } from '../wire/routes.ts'
import type { Handler } from './context.ts'
import type { Channel } from './delivery/deliver.ts'
import type { AuditKind } from './domain/audit.ts'
import * as connectedApps from './handlers/connected-apps.ts'
import * as discoveryIntermediateSessions from './handlers/discovery-intermediate-sessions.ts'
import * as discoveryOrganizations from './handlers/discovery-organizations.ts'
import * as emailOtps from './handlers/email-otps.ts'
import * as emailUpdates from './handlers/email-updates.ts'
import * as existingPasswords from './handlers/existing-passwords.ts'
import * as externalSessions from './handlers/external-sessions.ts'
import * as invitations from './handlers/invitations.ts'
import * as magicLinks from './handlers/magic-links.ts'
import * as memberDeletion from './handlers/member-deletion.ts'
import * as memberRemovals from './handlers/member-removals.ts'
import * as memberUnlock from './handlers/member-unlock.ts'
import * as members from './handlers/members.ts'
import * as organizations from './handlers/organizations.ts'
import * as otpsSms from './handlers/otps-sms.ts'
import * as passwordEmails from './handlers/password-emails.ts'
import * as passwordSessions from './handlers/password-sessions.ts'
import * as passwords from './handlers/passwords.ts'
import * as rbac from './handlers/rbac.ts'
import * as recoveryCodes from './handlers/recovery-codes.ts'
import * as sessions from './handlers/sessions.ts'
import * as totps from './handlers/totps.ts'

/**
 * An operation of the API. Its route, with what goes in and what comes out, stands in `wire/` under the same name: the
 * client is made of it too.
 */
export interface Operation<Name extends OperationName> {
  readonly handle: Handler<Name>
  /** The kind of the event that a call is. `null`: it only reads, or it only shows that a session is alive. */
  readonly audit: AuditKind | null
  readonly limits: Limits
  /** How long a cache may keep the answer. Left out: no cache may. */
  readonly cacheSeconds?: number
}

/** What a call is held to before it is handled. */
interface Limits {
  /** The call is answered 501 where the server has no sender of this channel. */
  readonly sends?: Channel
  /** The call is made with a password or code that may be guessed, so its failures are counted. */
  readonly guesses?: true
}

/** Every operation that the authority answers. Complete by type: one that is missing here does not compile. */
export const operations: { readonly [Name in OperationName]: Operation<Name> } = {
  'sessions.get': { handle: sessions.get, audit: null, limits: {} },
  'sessions.authenticate': { handle: sessions.authenticate, audit: null, limits: {} },
  'sessions.revoke': { handle: sessions.revoke, audit: 'revocation', limits: {} },
  'sessions.exchange': { handle: sessions.exchange, audit: 'sign_in', limits: {} },
  'sessions.exchangeAccessToken': {
    handle: connectedApps.exchangeAccessToken,
    audit: 'sign_in',
    limits: {}
  },
  'sessions.attest': { handle: externalSessions.attest, audit: 'sign_in', limits: {} },
  'sessions.migrate': { handle: externalSessions.migrate, audit: 'sign_in', limits: {} },
  'sessions.getJWKS': {
    handle: sessions.getJWKS,
    audit: null,
    limits: {},
    cacheSeconds: 30
  },
  'discovery.intermediateSessions.exchange': {
    handle: discoveryIntermediateSessions.exchange,
    audit: 'sign_in',
    limits: {}
  },
  'discovery.organizations.list': { handle: discoveryOrganizations.list, audit: null, limits: {} },
  'discovery.organizations.create': {
    handle: discoveryOrganizations.create,
    audit: 'organization',
    limits: {}
  },
  'totps.create': { handle: totps.create, audit: 'mfa', limits: {} },
  'totps.authenticate': { handle: totps.authenticate, audit: 'sign_in', limits: { guesses: true } },
  'totps.migrate': { handle: totps.migrate, audit: 'mfa', limits: {} },
  // It reads what lets its reader sign in.
  'recoveryCodes.get': { handle: recoveryCodes.get, audit: 'mfa', limits: {} },
  'recoveryCodes.rotate': { handle: recoveryCodes.rotate, audit: 'mfa', limits: {} },
  'recoveryCodes.recover': {
    handle: recoveryCodes.recover,
    audit: 'sign_in',
    limits: { guesses: true }
  },
  'otps.sms.send': { handle: otpsSms.send, audit: 'message', limits: { sends: 'sms' } },
  'otps.sms.authenticate': {
    handle: otpsSms.authenticate,
    audit: 'sign_in',
    limits: { guesses: true }
  },
  'otps.email.loginOrSignup': {
    handle: emailOtps.loginOrSignup,
    audit: 'message',
    limits: { sends: 'email' }
  },
  'otps.email.authenticate': {
    handle: emailOtps.authenticate,
    audit: 'sign_in',
    limits: { guesses: true }
  },
  'otps.email.discovery.send': {
    handle: emailOtps.sendDiscovery,
    audit: 'message',
    limits: { sends: 'email' }
  },
  'otps.email.discovery.authenticate': {
    handle: emailOtps.authenticateDiscovery,
    audit: 'sign_in',
    limits: { guesses: true }
  },
  'magicLinks.authenticate': { handle: magicLinks.authenticate, audit: 'sign_in', limits: {} },
  'magicLinks.email.loginOrSignup': {
    handle: magicLinks.loginOrSignup,
    audit: 'message',
    limits: { sends: 'email' }
  },
  'magicLinks.email.invite': {
    handle: invitations.invite,
    audit: 'member',
    limits: { sends: 'email' }
  },
  'magicLinks.email.discovery.send': {
    handle: magicLinks.sendDiscovery,
    audit: 'message',
    limits: { sends: 'email' }
  },
  'magicLinks.discovery.authenticate': {
    handle: magicLinks.authenticateDiscovery,
    audit: 'sign_in',
    limits: {}
  },
  'passwords.authenticate': {
    handle: passwords.authenticate,
    audit: 'sign_in',
    limits: { guesses: true }
  },
  'passwords.strengthCheck': { handle: passwords.strengthCheck, audit: null, limits: {} },
  'passwords.migrate': { handle: passwords.migrate, audit: 'password', limits: {} },
  'passwords.email.resetStart': {
    handle: passwordEmails.resetStart,
    audit: 'password',
    limits: { sends: 'email' }
  },
  'passwords.email.reset': { handle: passwordEmails.reset, audit: 'password', limits: {} },
  'passwords.existingPassword.reset': {
    handle: existingPasswords.reset,
    audit: 'password',
    limits: { guesses: true }
  },
  'passwords.sessions.reset': { handle: passwordSessions.reset, audit: 'password', limits: {} },
  'rbac.policy': { handle: rbac.getPolicy, audit: null, limits: {} },
  'rbac.organizations.getOrgPolicy': { handle: rbac.getOrgPolicy, audit: null, limits: {} },
  'rbac.organizations.setOrgPolicy': { handle: rbac.setOrgPolicy, audit: 'policy', limits: {} },
  'organizations.create': { handle: organizations.create, audit: 'organization', limits: {} },
  'organizations.get': { handle: organizations.get, audit: null, limits: {} },
  'organizations.update': { handle: organizations.update, audit: 'organization', limits: {} },
  'organizations.delete': {
    handle: organizations.deleteOrganization,
    audit: 'organization',
    limits: {}
  },
  'organizations.metrics': { handle: organizations.metrics, audit: null, limits: {} },
  'organizations.deleteExternalId': {
    handle: organizations.deleteExternalId,
    audit: 'organization',
    limits: {}
  },
  'organizations.search': { handle: organizations.search, audit: null, limits: {} },
  'organizations.members.create': { handle: members.create, audit: 'member', limits: {} },
  'organizations.members.get': { handle: members.get, audit: null, limits: {} },
  'organizations.members.dangerouslyGet': {
    handle: members.dangerouslyGet,
    audit: null,
    limits: {}
  },
  'organizations.members.update': { handle: members.update, audit: 'member', limits: {} },
  'organizations.members.delete': {
    handle: memberDeletion.deleteMember,
    audit: 'member',
    limits: {}
  },
  'organizations.members.reactivate': {
    handle: memberDeletion.reactivate,
    audit: 'member',
    limits: {}
  },
  'organizations.members.erase': { handle: memberDeletion.erase, audit: 'member', limits: {} },
  'organizations.members.unlock': { handle: memberUnlock.unlock, audit: 'lockout', limits: {} },
  'organizations.members.deleteMFAPhoneNumber': {
    handle: memberRemovals.deleteMFAPhoneNumber,
    audit: 'mfa',
    limits: {}
  },
  'organizations.members.deleteTOTP': {
    handle: memberRemovals.deleteTOTP,
    audit: 'mfa',
    limits: {}
  },
  'organizations.members.deletePassword': {
    handle: memberRemovals.deletePassword,
    audit: 'password',
    limits: {}
  },
  'organizations.members.unlinkRetiredEmail': {
    handle: memberRemovals.unlinkRetiredEmail,
    audit: 'member',
    limits: {}
  },
  'organizations.members.deleteExternalId': {
    handle: memberRemovals.deleteExternalId,
    audit: 'member',
    limits: {}
  },
  'organizations.members.startEmailUpdate': {
    handle: emailUpdates.startEmailUpdate,
    audit: 'member',
    limits: { sends: 'email' }
  },
  'organizations.members.search': { handle: members.search, audit: null, limits: {} },
  'organizations.members.connectedApps.revoke': {
    handle: connectedApps.revoke,
    audit: 'app',
    limits: {}
  },
  'idp.oauth.authorizeStart': { handle: connectedApps.authorizeStart, audit: null, limits: {} },
  'idp.oauth.authorize': { handle: connectedApps.authorize, audit: 'app', limits: {} }
}
