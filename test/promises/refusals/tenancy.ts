import type { OperationName } from '../../../src/wire/routes.ts'
import type { Request } from '../../support/requests.ts'
import type { Others } from './others.ts'
import {
  changed,
  except,
  inSession,
  operations,
  type Rejection,
  type Rule,
  type Sent,
  taking
} from './rule.ts'
import { idsOf, type Scene } from './scene.ts'
import { basic } from './transport.ts'

const byOrganization = taking('organization_id')
const byOrganizationAndMember = except(
  taking('organization_id', 'member_id'),
  'organizations.members.reactivate',
  'organizations.members.erase'
)

const notFound = '404 organization_not_found'
const noMember = '404 member_not_found'

/** What the credentials of another project find of this one: nothing. */
const inOtherProject: Readonly<Record<OperationName, Rejection | 'nothing of the project'>> = {
  'sessions.get': notFound,
  'sessions.authenticate': '404 session_not_found',
  'sessions.revoke': '404 session_not_found',
  'sessions.exchange': notFound,
  'sessions.exchangeAccessToken': '404 idp_access_token_not_found',
  'sessions.attest': '404 trusted_token_profile_not_found',
  'sessions.migrate': notFound,
  'sessions.getJWKS': 'nothing of the project',
  'discovery.intermediateSessions.exchange': '404 intermediate_session_not_found',
  'discovery.organizations.list': '404 intermediate_session_not_found',
  'discovery.organizations.create': '404 intermediate_session_not_found',
  'totps.create': notFound,
  'totps.authenticate': notFound,
  'totps.migrate': notFound,
  'recoveryCodes.get': notFound,
  'recoveryCodes.rotate': notFound,
  'recoveryCodes.recover': notFound,
  'otps.sms.send': notFound,
  'otps.sms.authenticate': notFound,
  'otps.email.loginOrSignup': notFound,
  'otps.email.authenticate': notFound,
  'otps.email.discovery.send': 'nothing of the project',
  'otps.email.discovery.authenticate': '404 otp_code_not_found',
  'magicLinks.authenticate': '404 magic_link_not_found',
  'magicLinks.email.loginOrSignup': notFound,
  'magicLinks.email.invite': notFound,
  'magicLinks.email.discovery.send': '400 no_discovery_redirect_url',
  'magicLinks.discovery.authenticate': '404 magic_link_not_found',
  'passwords.authenticate': notFound,
  'passwords.strengthCheck': 'nothing of the project',
  'passwords.migrate': notFound,
  'passwords.email.resetStart': notFound,
  'passwords.email.reset': '401 unable_to_auth_password_reset_token',
  'passwords.existingPassword.reset': notFound,
  'passwords.sessions.reset': notFound,
  'rbac.policy': 'nothing of the project',
  'rbac.organizations.getOrgPolicy': notFound,
  'rbac.organizations.setOrgPolicy': notFound,
  'organizations.create': 'nothing of the project',
  'organizations.get': notFound,
  'organizations.update': notFound,
  'organizations.delete': notFound,
  'organizations.metrics': notFound,
  'organizations.deleteExternalId': notFound,
  'organizations.search': 'nothing of the project',
  'organizations.members.create': notFound,
  'organizations.members.get': notFound,
  'organizations.members.dangerouslyGet': noMember,
  'organizations.members.update': notFound,
  'organizations.members.delete': notFound,
  'organizations.members.reactivate': notFound,
  'organizations.members.erase': notFound,
  'organizations.members.unlock': notFound,
  'organizations.members.deleteMFAPhoneNumber': notFound,
  'organizations.members.deleteTOTP': notFound,
  'organizations.members.deletePassword': notFound,
  'organizations.members.unlinkRetiredEmail': notFound,
  'organizations.members.deleteExternalId': notFound,
  'organizations.members.startEmailUpdate': notFound,
  'organizations.members.search': notFound,
  'organizations.members.connectedApps.revoke': notFound,
  'idp.oauth.authorizeStart': '404 connected_app_not_found',
  'idp.oauth.authorize': '404 connected_app_not_found'
}

/** Where it is about one who is deleted. */
function noneDeleted(operation: OperationName): Rejection {
  return operation === 'organizations.members.erase'
    ? '404 no_deleted_member_found'
    : '404 no_deleted_member_found_for_reactivation'
}

type Name = (others: Others) => string

const foreignOrganizations: readonly (readonly [of: string, name: Name])[] = [
  ['an organization that does not exist', () => 'organization-test-nowhere'],
  ['an organization of another project', ({ otherProject }) => otherProject.organization_id]
]

const foreignMembers: readonly (readonly [of: string, name: Name])[] = [
  ['a member who does not exist', () => 'member-test-none'],
  ['a member of another project', ({ otherProject }) => otherProject.member_id]
]

const foreigners: typeof foreignMembers = [
  ...foreignMembers,
  ['a member of another organization', ({ elsewhere }) => elsewhere.member_id],
  ['a member who was deleted', ({ deletedMember }) => deletedMember.member_id]
]

export const tenancyRules: readonly Rule[] = [
  {
    of: 'the credentials of another project',
    operations: operations.filter((name) => inOtherProject[name] !== 'nothing of the project'),
    rejects: (operation) => inOtherProject[operation] as Rejection,
    broken: ({ request }, { otherProject: { project_id, secret } }) => ({
      request,
      headers: { authorization: basic(`${project_id}:${secret}`) }
    })
  },
  ...foreignOrganizations.flatMap(([of, name]): Rule[] => [
    {
      of,
      operations: byOrganization,
      rejects: notFound,
      broken: (scene, others) => naming(scene, { organization_id: name(others) })
    },
    {
      of: `${of} beside its own`,
      operations: taking('organization_ids'),
      rejects: notFound,
      broken: (scene, others) =>
        changed(scene, { organization_ids: [scene.organization_id, name(others)] })
    }
  ]),
  {
    of: 'an organization that was deleted',
    operations: byOrganization,
    rejects: notFound,
    async broken(scene) {
      const { organization_id } = await scene.fixture.newOrganization()
      await scene.fixture.client.organizations.delete({ organization_id })
      return naming(scene, { organization_id })
    }
  },
  ...foreigners.map(
    ([of, name]): Rule => ({
      of,
      operations: byOrganizationAndMember,
      rejects: noMember,
      broken: (scene, others) => naming(scene, { member_id: name(others) })
    })
  ),
  ...foreigners.map(
    ([of, name]): Rule => ({
      of,
      operations: ['organizations.members.reactivate', 'organizations.members.erase'],
      rejects: noneDeleted,
      broken: (scene, others) => changed(scene, { member_id: name(others) })
    })
  ),
  ...foreignMembers.map(
    ([of, name]): Rule => ({
      of,
      operations: ['organizations.members.dangerouslyGet', 'sessions.revoke'],
      rejects: noMember,
      broken: ({ request: { include_deleted } }, others) => ({
        request: { include_deleted, member_id: name(others) }
      })
    })
  ),
  {
    of: 'a member who was deleted, where it does not ask for those',
    operations: ['organizations.members.dangerouslyGet', 'sessions.revoke'],
    rejects: noMember,
    broken: (_scene, { deletedMember: { member_id } }) => ({ request: { member_id } })
  },
  {
    of: 'the external id of a member, which is of one organization',
    operations: ['sessions.revoke', 'organizations.members.dangerouslyGet'],
    rejects: noMember,
    async broken({ fixture }) {
      const external_id = crypto.randomUUID()
      await fixture.newPerson({ external_id })
      return { request: { member_id: external_id } }
    }
  },
  {
    of: 'the id of a session of another project',
    operations: taking('member_session_id'),
    rejects: '404 session_not_found',
    broken: (_scene, { otherProject: { member_session } }) => ({
      request: { member_session_id: member_session.member_session_id }
    })
  },
  {
    of: 'the id of a session that has ended',
    operations: taking('member_session_id'),
    rejects: '404 session_not_found',
    broken: (_scene, { ended: { member_session } }) => ({
      request: { member_session_id: member_session.member_session_id }
    })
  },
  {
    of: 'two ways to name what it revokes',
    operations: taking('member_session_id'),
    rejects: '400 too_many_session_revoke_arguments',
    broken: (scene) => changed(scene, { member_id: scene.person.member_id })
  },
  {
    of: 'the address of a member of another organization',
    operations: ['organizations.members.get'],
    rejects: noMember,
    broken: (scene, { elsewhere: { email_address } }) =>
      changed(scene, { member_id: undefined, email_address })
  },
  {
    of: 'neither member_id nor email_address',
    operations: ['organizations.members.get'],
    rejects: '400 invalid_member_get_fields',
    broken: (scene) => changed(scene, { member_id: undefined })
  },
  {
    of: 'both member_id and email_address',
    operations: ['organizations.members.get'],
    rejects: '400 invalid_member_get_fields',
    broken: (scene) => changed(scene, { email_address: scene.person.email_address })
  },
  {
    of: 'an address that no member of the organization has',
    operations: ['sessions.exchange', 'passwords.email.resetStart'],
    rejects: noMember,
    broken: (scene, { elsewhere: { email_address, session_token } }) =>
      scene.operation === 'sessions.exchange'
        ? changed(scene, { session_token })
        : changed(scene, { email_address })
  },
  {
    of: 'an unknown project',
    operations: taking('project_id'),
    rejects: '404 project_not_found',
    broken: () => ({ request: { project_id: 'project-test-00000000-0000-4000-8000-000000000000' } })
  },
  {
    of: 'a malformed project id',
    operations: taking('project_id'),
    rejects: '404 project_not_found',
    broken: () => ({ request: { project_id: 'nonsense' } })
  }
]

/** An app names its member by a session or by both ids. */
function naming(scene: Scene, fields: Request): Sent {
  return taking('client_id').includes(scene.operation)
    ? inSession(scene, { ...idsOf(scene.person), ...fields })
    : changed(scene, fields)
}
