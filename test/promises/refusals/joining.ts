import type { OperationName } from '../../../src/wire/routes.ts'
import { insertIntermediateSession, magicLinkFactor } from '../../support/factors.ts'
import { newPhone } from '../../support/people.ts'
import type { Request } from '../../support/requests.ts'
import { runSql } from '../../support/run-sql.ts'
import { adminOf, as } from './permissions.ts'
import { changed, type Rejection, type Rule, type Sent } from './rule.ts'
import { claimedDomain, idsOf, newAddress, type Scene } from './scene.ts'
import { basic } from './transport.ts'

/** Operations by which an address that no member has becomes one. */
const joining: readonly OperationName[] = [
  'otps.email.loginOrSignup',
  'magicLinks.email.loginOrSignup',
  'discovery.intermediateSessions.exchange'
]
const discovery: OperationName = 'discovery.intermediateSessions.exchange'
const inviting: readonly OperationName[] = ['magicLinks.email.invite']

/** Operations that send a message, and what is answered where the project has no URL for its link. */
const sendingEmail: readonly OperationName[] = [
  'otps.email.loginOrSignup',
  'otps.email.discovery.send',
  'magicLinks.email.loginOrSignup',
  'magicLinks.email.invite',
  'magicLinks.email.discovery.send',
  'passwords.email.resetStart',
  'organizations.members.startEmailUpdate'
]
const budgets = ['discovery', 'sign_up', 'sign_in', 'invitation', 'password_reset', 'email_update']
export const sending: readonly OperationName[] = [...sendingEmail, 'otps.sms.send']

/** Which fields say where a link leads, and what is answered when one leads elsewhere, or nowhere. */
export const redirectUrls: readonly (readonly [OperationName, string, Rejection])[] = [
  ['magicLinks.email.loginOrSignup', 'login_redirect_url', '400 no_login_redirect_url'],
  ['magicLinks.email.loginOrSignup', 'signup_redirect_url', '400 no_login_redirect_url'],
  ['magicLinks.email.invite', 'invite_redirect_url', '400 no_invite_redirect_url'],
  ['magicLinks.email.discovery.send', 'discovery_redirect_url', '400 no_discovery_redirect_url'],
  [
    'passwords.email.resetStart',
    'reset_password_redirect_url',
    '400 no_password_reset_redirect_url'
  ],
  ['passwords.email.resetStart', 'login_redirect_url', '400 no_password_reset_redirect_url'],
  ['organizations.members.startEmailUpdate', 'login_redirect_url', '400 no_login_redirect_url']
]

const unregistered = [
  'x',
  'https://other.example/link',
  'https://app.example/link/more',
  'http://app.example/link',
  'https://app.example:8443/link',
  'https://ada@app.example/link',
  'https://app.example/link#part'
]

export const joiningRules: readonly Rule[] = [
  {
    of: 'a new address, where e-mail lets no applicant join',
    operations: joining,
    rejects: '403 email_jit_provisioning_not_allowed',
    broken: (scene) => withAddress(scene, newAddress())
  },
  {
    of: 'a new address of another domain than those that join',
    operations: joining,
    alone: true,
    rejects: '403 invalid_email_for_jit_provisioning',
    async broken(scene) {
      await letJoin(scene, 'acme.example')
      return withAddress(scene, newAddress('other.example'))
    }
  },
  {
    of: 'a new address of a domain of which no member has a verified address',
    operations: joining,
    alone: true,
    rejects: '403 invalid_email_for_jit_provisioning',
    async broken(scene) {
      const domain = `${crypto.randomUUID()}.example`
      await letJoin(scene, domain)
      await scene.fixture.client.organizations.members.create({
        organization_id: scene.organization_id,
        email_address: newAddress(domain)
      })
      return withAddress(scene, newAddress(domain))
    }
  },
  {
    of: 'a new address of a domain that another organization claims',
    operations: joining,
    alone: true,
    rejects: '400 action_not_allowed_email_domain_is_claimed',
    async broken(scene) {
      const domain = await claimedDomain(scene)
      await letJoin(scene, domain)
      await scene.fixture.newPerson({ email_address: newAddress(domain) })
      return withAddress(scene, newAddress(domain))
    }
  },
  {
    of: 'an address that a member had before',
    operations: [discovery],
    alone: true,
    rejects: '400 retired_member_email',
    async broken(scene) {
      await letJoin(scene, 'acme.example')
      const { email_address } = scene.person
      await scene.fixture.client.organizations.members.update({
        ...idsOf(scene.person),
        email_address: newAddress()
      })
      await scene.fixture.newPerson()
      return withAddress(scene, email_address)
    }
  },
  {
    of: 'an OAuth tenant that the organization does not list',
    operations: [discovery],
    alone: true,
    rejects: '403 invalid_oauth_tenant_for_jit_provisioning',
    async broken(scene) {
      await scene.fixture.client.organizations.update({
        organization_id: scene.organization_id,
        oauth_tenant_jit_provisioning: 'RESTRICTED',
        allowed_oauth_tenants: { slack: ['T1'], github: ['T2'] }
      })
      return withAddress(scene, newAddress(), [{ provider: 'slack', tenant: 'T2' }])
    }
  },
  {
    of: 'an OAuth tenant, where tenants let no applicant join',
    operations: [discovery],
    rejects: '403 email_jit_provisioning_not_allowed',
    broken: (scene) => withAddress(scene, newAddress(), [{ provider: 'slack', tenant: 'T1' }])
  },

  // Invitations
  {
    of: 'an invitation, where the organization allows none',
    operations: inviting,
    alone: true,
    rejects: '403 invalid_email_for_invites',
    async broken(scene) {
      await update(scene, { email_invites: 'NOT_ALLOWED' })
      return changed(scene, {})
    }
  },
  {
    of: 'an invitation of an address of another domain than those that are allowed',
    operations: inviting,
    alone: true,
    rejects: '403 invalid_email_for_invites',
    async broken(scene) {
      await update(scene, { email_invites: 'RESTRICTED', email_allowed_domains: ['other.example'] })
      return changed(scene, {})
    }
  },
  {
    of: 'an invitation of an address of a domain that another organization claims',
    operations: inviting,
    rejects: '400 action_not_allowed_email_domain_is_claimed',
    broken: async (scene) =>
      changed(scene, { email_address: newAddress(await claimedDomain(scene)) })
  },
  {
    of: 'an invitation by a member of another organization',
    operations: inviting,
    rejects: '404 member_not_found',
    broken: (scene, { elsewhere: { member_id } }) =>
      changed(scene, { invited_by_member_id: member_id })
  },

  // Calls of members
  {
    of: 'a member who brings in an address of a domain that another organization claims',
    operations: ['organizations.members.create', 'organizations.members.update'],
    rejects: '400 action_not_allowed_email_domain_is_claimed',
    async broken(scene) {
      const email_address = newAddress(await claimedDomain(scene))
      return as(await adminOf(scene), { ...scene.request, email_address })
    }
  },
  {
    of: 'a change to an address of a domain that another organization claims',
    operations: ['organizations.members.startEmailUpdate'],
    rejects: '400 action_not_allowed_email_domain_is_claimed',
    broken: async (scene) =>
      changed(scene, { email_address: newAddress(await claimedDomain(scene)) })
  },
  {
    of: 'a member who creates another, where the organization allows no invitations',
    operations: ['organizations.members.create'],
    alone: true,
    rejects: '403 invalid_email_for_invites',
    async broken(scene) {
      const admin = await adminOf(scene)
      await update(scene, { email_invites: 'NOT_ALLOWED' })
      return as(admin, scene.request)
    }
  },

  // Where links lead
  ...redirectUrls.flatMap(([operation, field]) =>
    unregistered.map(
      (url): Rule => ({
        of: `${field} ${url}`,
        operations: [operation],
        rejects:
          operation === 'passwords.email.resetStart'
            ? '400 invalid_password_reset_redirect_url'
            : '400 no_match_for_provided_magic_link_url',
        broken: (scene) => changed(scene, { [field]: url })
      })
    )
  ),
  ...redirectUrls.map(
    ([operation, field, rejects]): Rule => ({
      of: `no ${field}, in a project without any`,
      operations: [operation],
      rejects,
      broken: (scene, { otherProject }) => ({
        request: {
          ...scene.request,
          ...(scene.request.member_id === undefined ? {} : idsOf(otherProject)),
          ...(scene.request.organization_id === undefined
            ? {}
            : { organization_id: otherProject.organization_id }),
          ...(operation.startsWith('passwords')
            ? { email_address: otherProject.email_address }
            : {})
        },
        headers: { authorization: basic(`${otherProject.project_id}:${otherProject.secret}`) }
      })
    })
  ),

  // Messages
  {
    of: 'more messages than a minute allows',
    operations: ['otps.sms.send'],
    rejects: '429 too_many_requests',
    async broken(scene) {
      const person = await scene.fixture.newPerson()
      const mfa_phone_number = newPhone()
      await scene.fixture.client.otps.sms.send({ ...idsOf(person), mfa_phone_number })
      return changed(scene, { ...idsOf(person), mfa_phone_number })
    }
  },
  {
    of: 'more messages to one number than a minute allows, from another member',
    operations: ['otps.sms.send'],
    rejects: '429 too_many_requests',
    async broken(scene) {
      const mfa_phone_number = newPhone()
      const { organization_id } = await scene.fixture.newOrganization()
      const elsewhere = await scene.fixture.newPerson({ organization_id })
      await scene.fixture.client.otps.sms.send({ ...idsOf(elsewhere), mfa_phone_number })
      return changed(scene, { mfa_phone_number })
    }
  },
  ...(
    [
      ['hour', 3_600_000, 10],
      ['day', 86_400_000, 30]
    ] as const
  ).map(
    ([span, window, limit]): Rule => ({
      of: `more e-mails to one mailbox than a ${span} allows`,
      operations: sendingEmail,
      alone: true,
      rejects: '429 too_many_requests',
      async broken(scene) {
        const { project_id, database, clock } = scene.fixture
        const now = clock.now()
        for (const budget of budgets) {
          const counter = `${budget}|email_address|${scene.request.email_address}|${window / 60_000}`
          await runSql(
            database,
            `insert or replace into send_counts (project_id, counter, first_at, last_at, sent,
               first_before, last_before, sent_before, expires_at)
             values ($1, $2, $3, $3, $4, 0, 0, 0, $5)`,
            [project_id, counter, now, limit, now + window]
          )
        }
        return changed(scene, {})
      }
    })
  ),
  {
    of: 'a message that cannot be handed over',
    operations: sending,
    alone: true,
    rejects: '503 server_unavailable',
    async broken(scene) {
      await scene.fixture.resetSendCounts()
      return { ...changed(scene, {}), while: scene.fixture.breakDelivery }
    },
    leaves: (operation) => Array(countersOf(operation)).fill('+send_counts')
  },
  {
    of: 'a message, where the server sends none',
    operations: sending,
    rejects: '501 not_implemented',
    broken: ({ request }, { silent }) => ({
      request,
      url: silent.url,
      headers: { authorization: basic(`${silent.project_id}:${silent.secret}`) }
    })
  }
]

/** In how many counters a message is counted. */
function countersOf(operation: OperationName): number {
  if (operation === 'otps.sms.send') return 10
  return operation.includes('discovery') ? 5 : 6
}

async function update({ organization_id, fixture }: Scene, settings: Request): Promise<void> {
  await fixture.client.organizations.update({ organization_id, ...settings })
}

/** Lets applicants with an address of the domain join, where a member has a verified one already. */
function letJoin(scene: Scene, domain: string): Promise<void> {
  return update(scene, { email_jit_provisioning: 'RESTRICTED', email_allowed_domains: [domain] })
}

/** The call about this address instead: in discovery it is that of the intermediate session. */
async function withAddress(
  scene: Scene,
  email_address: string,
  oauth_tenants: readonly { readonly provider: string; readonly tenant: string }[] = []
): Promise<Sent> {
  if (scene.operation !== discovery) return changed(scene, { email_address })
  const { database, project_id, clock } = scene.fixture
  const now = clock.now()
  const intermediate_session_token = await insertIntermediateSession(database, {
    project_id,
    email_address,
    oauth_tenants,
    authentication_factors: [magicLinkFactor(email_address, now)],
    now
  })
  return changed(scene, { intermediate_session_token })
}
