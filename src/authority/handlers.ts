import type { OperationName } from '../wire/routes.ts'
import type { Handler } from './context.ts'
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

/** What answers each operation. An operation without a handler is answered 501. */
export const handlers: { readonly [Name in OperationName]?: Handler<Name> } = {
  'sessions.get': sessions.get,
  'sessions.authenticate': sessions.authenticate,
  'sessions.revoke': sessions.revoke,
  'sessions.exchange': sessions.exchange,
  'sessions.exchangeAccessToken': connectedApps.exchangeAccessToken,
  'sessions.attest': externalSessions.attest,
  'sessions.migrate': externalSessions.migrate,
  'sessions.getJWKS': sessions.getJWKS,
  'discovery.intermediateSessions.exchange': discoveryIntermediateSessions.exchange,
  'discovery.organizations.list': discoveryOrganizations.list,
  'discovery.organizations.create': discoveryOrganizations.create,
  'totps.create': totps.create,
  'totps.authenticate': totps.authenticate,
  'totps.migrate': totps.migrate,
  'recoveryCodes.get': recoveryCodes.get,
  'recoveryCodes.rotate': recoveryCodes.rotate,
  'recoveryCodes.recover': recoveryCodes.recover,
  'otps.sms.send': otpsSms.send,
  'otps.sms.authenticate': otpsSms.authenticate,
  'otps.email.loginOrSignup': emailOtps.loginOrSignup,
  'otps.email.authenticate': emailOtps.authenticate,
  'otps.email.discovery.send': emailOtps.sendDiscovery,
  'otps.email.discovery.authenticate': emailOtps.authenticateDiscovery,
  'magicLinks.authenticate': magicLinks.authenticate,
  'magicLinks.email.loginOrSignup': magicLinks.loginOrSignup,
  'magicLinks.email.invite': invitations.invite,
  'magicLinks.email.discovery.send': magicLinks.sendDiscovery,
  'magicLinks.discovery.authenticate': magicLinks.authenticateDiscovery,
  'passwords.authenticate': passwords.authenticate,
  'passwords.strengthCheck': passwords.strengthCheck,
  'passwords.migrate': passwords.migrate,
  'passwords.email.resetStart': passwordEmails.resetStart,
  'passwords.email.reset': passwordEmails.reset,
  'passwords.existingPassword.reset': existingPasswords.reset,
  'passwords.sessions.reset': passwordSessions.reset,
  'rbac.policy': rbac.getPolicy,
  'rbac.organizations.getOrgPolicy': rbac.getOrgPolicy,
  'rbac.organizations.setOrgPolicy': rbac.setOrgPolicy,
  'organizations.create': organizations.create,
  'organizations.get': organizations.get,
  'organizations.update': organizations.update,
  'organizations.delete': organizations.deleteOrganization,
  'organizations.metrics': organizations.metrics,
  'organizations.deleteExternalId': organizations.deleteExternalId,
  'organizations.search': organizations.search,
  'organizations.members.create': members.create,
  'organizations.members.get': members.get,
  'organizations.members.dangerouslyGet': members.dangerouslyGet,
  'organizations.members.update': members.update,
  'organizations.members.delete': memberDeletion.deleteMember,
  'organizations.members.reactivate': memberDeletion.reactivate,
  'organizations.members.deleteMFAPhoneNumber': memberRemovals.deleteMFAPhoneNumber,
  'organizations.members.deleteTOTP': memberRemovals.deleteTOTP,
  'organizations.members.deletePassword': memberRemovals.deletePassword,
  'organizations.members.unlinkRetiredEmail': memberRemovals.unlinkRetiredEmail,
  'organizations.members.deleteExternalId': memberRemovals.deleteExternalId,
  'organizations.members.startEmailUpdate': emailUpdates.startEmailUpdate,
  'organizations.members.search': members.search,
  'idp.oauth.authorizeStart': connectedApps.authorizeStart,
  'idp.oauth.authorize': connectedApps.authorize
}
