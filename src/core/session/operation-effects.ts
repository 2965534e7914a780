import type { OperationName, RequestOf, ResponseOf } from '../../wire/routes.ts'

/**
 * What an operation may end or change of what guards know: the roles and claims of sessions, whether they hold, and what
 * proves their members.
 *
 * - `nothing`: it reads, sends, unlocks, or adds a session or a member; what was known stays true.
 * - `member`, `organization`: the one that it is about.
 * - `named`: what its request names and its answer does not. Such a call is watched by a function of its own.
 * - A function of the call says whether the member changed.
 */
export type OperationEffect<Name extends OperationName> =
  | 'nothing'
  | 'member'
  | 'organization'
  | 'named'
  | ((call: { request: RequestOf<Name>; answer: ResponseOf<Name> }) => boolean)

/** Complete by type: an operation that is missing here does not compile. */
export const operationEffects: { readonly [Name in OperationName]: OperationEffect<Name> } = {
  'sessions.get': 'nothing',
  'sessions.authenticate': 'nothing',
  'sessions.revoke': 'named',
  'sessions.exchange': 'nothing',
  'sessions.exchangeAccessToken': 'nothing',
  'sessions.attest': 'nothing',
  'sessions.migrate': 'nothing',
  'sessions.getJWKS': 'nothing',
  'discovery.intermediateSessions.exchange': 'nothing',
  'discovery.organizations.list': 'nothing',
  'discovery.organizations.create': 'nothing',
  'totps.create': 'nothing',
  'totps.authenticate': setsEnrollment,
  'totps.migrate': 'member',
  'recoveryCodes.get': 'nothing',
  'recoveryCodes.rotate': 'member',
  'recoveryCodes.recover': 'nothing',
  'otps.sms.send': 'nothing',
  'otps.sms.authenticate': setsEnrollment,
  'otps.email.loginOrSignup': 'nothing',
  'otps.email.authenticate': mayHaveMoved,
  'otps.email.discovery.send': 'nothing',
  'otps.email.discovery.authenticate': 'nothing',
  'magicLinks.authenticate': mayHaveMoved,
  'magicLinks.email.loginOrSignup': 'nothing',
  'magicLinks.email.invite': 'member',
  'magicLinks.email.discovery.send': 'nothing',
  'magicLinks.discovery.authenticate': 'nothing',
  'passwords.authenticate': 'nothing',
  'passwords.strengthCheck': 'nothing',
  'passwords.migrate': 'member',
  'passwords.email.resetStart': 'nothing',
  'passwords.email.reset': 'member',
  'passwords.existingPassword.reset': 'member',
  'passwords.sessions.reset': 'member',
  'rbac.policy': 'nothing',
  'rbac.organizations.getOrgPolicy': 'nothing',
  'rbac.organizations.setOrgPolicy': 'named',
  'organizations.create': 'nothing',
  'organizations.get': 'nothing',
  'organizations.update': 'organization',
  'organizations.delete': 'organization',
  'organizations.metrics': 'nothing',
  'organizations.deleteExternalId': 'nothing',
  'organizations.search': 'nothing',
  'organizations.members.create': 'nothing',
  'organizations.members.get': 'nothing',
  'organizations.members.dangerouslyGet': 'nothing',
  'organizations.members.update': 'member',
  'organizations.members.delete': 'member',
  'organizations.members.reactivate': 'member',
  // Who is deleted has no session.
  'organizations.members.erase': 'nothing',
  'organizations.members.unlock': 'nothing',
  'organizations.members.deleteMFAPhoneNumber': 'member',
  'organizations.members.deleteTOTP': 'member',
  'organizations.members.deletePassword': 'member',
  'organizations.members.unlinkRetiredEmail': 'member',
  'organizations.members.deleteExternalId': 'nothing',
  'organizations.members.startEmailUpdate': 'nothing',
  'organizations.members.search': 'nothing',
  // Sessions go on, also those that an app exchanged a token for.
  'organizations.members.connectedApps.revoke': 'nothing',
  'idp.oauth.authorizeStart': 'nothing',
  'idp.oauth.authorize': 'nothing'
}

/** Whether the member is asked for a second factor from now on. */
function setsEnrollment({ request }: { request: { set_mfa_enrollment?: string } }): boolean {
  return request.set_mfa_enrollment !== undefined
}

/** A link or code may have been that of a new e-mail address, and roles come by its domain. The old one is retired then. */
function mayHaveMoved({
  answer
}: {
  answer: { member: { retired_email_addresses: readonly unknown[] } }
}): boolean {
  return answer.member.retired_email_addresses.length > 0
}
