import type { OperationName } from '../../src/wire/routes.ts'
import { beginDiscovery, signInElsewhere } from './entering.ts'
import { accessTokenOf, authorization, authorize, profiles, trustedToken } from './external.ts'
import type { Fixture } from './fixture.ts'
import { newPhone, type Person, password } from './people.ts'

export type Request = Record<string, unknown>

/** A request of each operation that succeeds, made anew for each call. */
export const requests: Record<OperationName, (fixture: Fixture) => Promise<Request>> = {
  async 'sessions.get'(fixture) {
    const person = await fixture.newPerson()
    await fixture.signIn(person, { session_custom_claims: { plan: 'pro' } })
    return named(person)
  },
  async 'sessions.authenticate'(fixture) {
    const person = await fixture.newPerson({ roles: ['editor'] })
    const { session_token } = await fixture.signIn(person)
    const { organization_id } = person
    const authorization_check = { organization_id, resource_id: 'documents', action: 'read' }
    return { session_token, authorization_check }
  },
  async 'sessions.revoke'(fixture) {
    const { session_token } = await fixture.signIn(await fixture.newPerson())
    return { session_token }
  },
  async 'sessions.exchange'(fixture) {
    const person = await fixture.newPerson()
    const { session_token } = await signInElsewhere(fixture, person)
    return { organization_id: person.organization_id, session_token }
  },
  async 'discovery.intermediateSessions.exchange'(fixture) {
    const { organization_id, email_address } = await fixture.newPerson()
    const intermediate_session_token = await beginDiscovery(fixture, email_address)
    return { organization_id, intermediate_session_token }
  },
  async 'discovery.organizations.list'(fixture) {
    const { email_address } = await fixture.newPerson()
    return { intermediate_session_token: await beginDiscovery(fixture, email_address) }
  },
  async 'discovery.organizations.create'(fixture) {
    const email_address = `${crypto.randomUUID()}@acme.example`
    return { intermediate_session_token: await beginDiscovery(fixture, email_address) }
  },
  async 'sessions.exchangeAccessToken'(fixture) {
    const { session_token } = await fixture.signIn(await fixture.newPerson())
    return { access_token: await accessTokenOf(fixture, { session_token }) }
  },
  async 'sessions.attest'(fixture) {
    const token = await trustedToken(fixture, await fixture.newPerson())
    return { profile_id: profiles.plain, token }
  },
  async 'sessions.migrate'(fixture) {
    const { organization_id, email_address } = await fixture.newPerson()
    const session_token = fixture.identity.credentialFor({
      email: email_address,
      email_verified: true
    })
    return { organization_id, session_token }
  },
  async 'sessions.getJWKS'({ project_id }) {
    return { project_id }
  },
  async 'totps.create'(fixture) {
    return named(await fixture.newPerson())
  },
  async 'totps.authenticate'(fixture) {
    const person = await fixture.newEnrolled()
    const intermediate_session_token = await fixture.beginSignIn(person)
    return { ...named(person), intermediate_session_token, code: fixture.nextCode(person.secret) }
  },
  async 'totps.migrate'(fixture) {
    const recovery_codes = ['one', 'two']
    return { ...named(await fixture.newPerson()), secret: 'JBSWY3DPEHPK3PXP', recovery_codes }
  },
  async 'recoveryCodes.get'(fixture) {
    return named(await fixture.newEnrolled())
  },
  async 'recoveryCodes.rotate'(fixture) {
    return named(await fixture.newEnrolled())
  },
  async 'recoveryCodes.recover'(fixture) {
    const person = await fixture.newEnrolled()
    const intermediate_session_token = await fixture.beginSignIn(person)
    return {
      ...named(person),
      intermediate_session_token,
      recovery_code: await recoveryCodeOf(fixture, person)
    }
  },
  async 'otps.sms.send'(fixture) {
    return { ...named(await fixture.newPerson()), mfa_phone_number: newPhone() }
  },
  async 'otps.sms.authenticate'(fixture) {
    const person = await fixture.newPhoned()
    const intermediate_session_token = await fixture.beginSignIn(person)
    const code = fixture.lastCode(person.mfa_phone_number)
    return { ...named(person), intermediate_session_token, code }
  },
  async 'otps.email.loginOrSignup'(fixture) {
    return addressed(await fixture.newPerson())
  },
  async 'otps.email.authenticate'(fixture) {
    const person = await fixture.newPerson()
    await fixture.client.otps.email.loginOrSignup(addressed(person))
    return { ...addressed(person), code: fixture.lastCode(person.email_address) }
  },
  async 'otps.email.discovery.send'(fixture) {
    const { email_address } = await fixture.newPerson()
    return { email_address }
  },
  async 'otps.email.discovery.authenticate'(fixture) {
    const { email_address } = await fixture.newPerson()
    await fixture.client.otps.email.discovery.send({ email_address })
    return { email_address, code: fixture.lastCode(email_address) }
  },
  async 'magicLinks.authenticate'(fixture) {
    const person = await fixture.newPerson()
    await fixture.client.magicLinks.email.loginOrSignup(addressed(person))
    return { magic_links_token: lastToken(fixture, person.email_address) }
  },
  async 'magicLinks.email.loginOrSignup'(fixture) {
    return addressed(await fixture.newPerson())
  },
  async 'magicLinks.email.invite'({ A: { organization_id } }) {
    return { organization_id, email_address: `${crypto.randomUUID()}@acme.example` }
  },
  async 'magicLinks.email.discovery.send'(fixture) {
    const { email_address } = await fixture.newPerson()
    return { email_address }
  },
  async 'magicLinks.discovery.authenticate'(fixture) {
    const { email_address } = await fixture.newPerson()
    await fixture.client.magicLinks.email.discovery.send({ email_address })
    return { discovery_magic_links_token: lastToken(fixture, email_address) }
  },
  async 'passwords.authenticate'(fixture) {
    const { organization_id, email_address } = await fixture.newPerson()
    return { organization_id, email_address, password }
  },
  async 'passwords.strengthCheck'() {
    return { password, email_address: 'ada@acme.example' }
  },
  async 'passwords.migrate'({ A: { organization_id } }) {
    const email_address = `${crypto.randomUUID()}@acme.example`
    return { organization_id, email_address, hash: bcryptHash, hash_type: 'bcrypt' }
  },
  async 'passwords.email.resetStart'(fixture) {
    const { organization_id, email_address } = await fixture.newPerson()
    return { organization_id, email_address }
  },
  async 'passwords.email.reset'(fixture) {
    const { organization_id, email_address } = await fixture.newPerson()
    await fixture.client.passwords.email.resetStart({ organization_id, email_address })
    const password_reset_token = fixture.sentTo(email_address)[0]?.token
    return { password_reset_token, password: 'another horse battery staple' }
  },
  async 'passwords.existingPassword.reset'(fixture) {
    const { organization_id, email_address } = await fixture.newPerson()
    const new_password = 'another horse battery staple'
    return { organization_id, email_address, existing_password: password, new_password }
  },
  async 'passwords.sessions.reset'(fixture) {
    const person = await fixture.newPerson()
    const { session_token } = await fixture.signIn(person)
    const { organization_id } = person
    return { organization_id, session_token, password: 'another horse battery staple' }
  },
  async 'rbac.policy'() {
    return {}
  },
  async 'rbac.organizations.getOrgPolicy'(fixture) {
    const { organization_id } = await fixture.newOrganization()
    await fixture.client.rbac.organizations.setOrgPolicy({ organization_id, org_policy })
    return { organization_id }
  },
  async 'rbac.organizations.setOrgPolicy'(fixture) {
    const { organization_id } = await fixture.newOrganization()
    return { organization_id, org_policy }
  },
  async 'organizations.create'() {
    return { organization_name: 'Initech', trusted_metadata: { tier: 1 } }
  },
  async 'organizations.get'({ A: { organization_id } }) {
    return { organization_id }
  },
  async 'organizations.update'(fixture) {
    const { organization_id } = await fixture.newOrganization()
    return { organization_id, organization_name: 'Initrode' }
  },
  async 'organizations.delete'(fixture) {
    const { organization_id } = await fixture.newOrganization()
    return { organization_id }
  },
  async 'organizations.metrics'({ A: { organization_id } }) {
    return { organization_id }
  },
  async 'organizations.deleteExternalId'(fixture) {
    const { organization_id } = await fixture.newOrganization({
      organization_external_id: crypto.randomUUID()
    })
    return { organization_id }
  },
  async 'organizations.search'() {
    return { limit: 2 }
  },
  async 'organizations.members.create'({ A: { organization_id } }) {
    return {
      organization_id,
      email_address: `${crypto.randomUUID()}@acme.example`,
      roles: ['reader']
    }
  },
  async 'organizations.members.get'(fixture) {
    return named(await fixture.newPerson({ external_id: crypto.randomUUID() }))
  },
  async 'organizations.members.dangerouslyGet'(fixture) {
    const { member_id } = await deletedPerson(fixture)
    return { member_id, include_deleted: true }
  },
  async 'organizations.members.update'(fixture) {
    return { ...named(await fixture.newPerson()), name: 'Max' }
  },
  async 'organizations.members.delete'(fixture) {
    return named(await fixture.newPerson())
  },
  async 'organizations.members.reactivate'(fixture) {
    return named(await deletedPerson(fixture))
  },
  async 'organizations.members.erase'(fixture) {
    return named(await deletedPerson(fixture))
  },
  async 'organizations.members.unlock'(fixture) {
    return named(await fixture.newPerson())
  },
  async 'organizations.members.deleteMFAPhoneNumber'(fixture) {
    return named(await fixture.newPerson({ mfa_phone_number: newPhone() }))
  },
  async 'organizations.members.deleteTOTP'(fixture) {
    return named(await fixture.newEnrolled())
  },
  async 'organizations.members.deletePassword'(fixture) {
    const { organization_id, member } = await fixture.newPerson()
    return { organization_id, member_password_id: member.member_password_id }
  },
  async 'organizations.members.unlinkRetiredEmail'(fixture) {
    const person = await fixture.newPerson()
    const email_address = `${crypto.randomUUID()}@acme.example`
    await fixture.client.organizations.members.update({ ...named(person), email_address })
    return { ...named(person), email_address: person.email_address }
  },
  async 'organizations.members.deleteExternalId'(fixture) {
    return named(await fixture.newPerson({ external_id: crypto.randomUUID() }))
  },
  async 'organizations.members.startEmailUpdate'(fixture) {
    const email_address = `${crypto.randomUUID()}@acme.example`
    return { ...named(await fixture.newPerson()), email_address }
  },
  async 'organizations.members.search'(fixture) {
    const { organization_id } = await fixture.newPerson()
    return { organization_ids: [organization_id], limit: 2 }
  },
  async 'organizations.members.connectedApps.revoke'(fixture) {
    const person = await fixture.newPerson()
    await authorize(fixture, named(person))
    return { ...named(person), connected_app_id: authorization.client_id }
  },
  async 'idp.oauth.authorizeStart'(fixture) {
    return { ...authorization, ...named(await fixture.newPerson()) }
  },
  async 'idp.oauth.authorize'(fixture) {
    const { session_token } = await fixture.signIn(await fixture.newPerson())
    return { ...authorization, session_token, consent_granted: true }
  }
}

export const bcryptHash = '$2b$04$TWFueSBoYW5kcyBtYWtlIOeAXGUZFcqMzXWnZJcUz1FQZXnqmVrOO'

export const org_policy = {
  roles: [
    {
      role_id: 'own',
      description: 'Pays',
      permissions: [{ resource_id: 'invoices', actions: ['pay'] }]
    }
  ]
}

export function named({
  organization_id,
  member_id
}: {
  organization_id: string
  member_id: string
}) {
  return { organization_id, member_id }
}

export function addressed({ organization_id, email_address }: Person) {
  return { organization_id, email_address }
}

function lastToken(fixture: Fixture, email_address: string): string {
  return fixture.sentTo(email_address)[0]?.token ?? ''
}

export async function recoveryCodeOf(fixture: Fixture, person: Person): Promise<string> {
  const { recovery_codes } = await fixture.client.recoveryCodes.get(named(person))
  return recovery_codes[0] ?? ''
}

export async function deletedPerson(fixture: Fixture): Promise<Person> {
  const person = await fixture.newPerson()
  await fixture.client.organizations.members.delete(named(person))
  return person
}
