import type { OperationName } from '../../src/wire/routes.ts'
import { beginDiscovery, signInElsewhere } from './entering.ts'
import { accessTokenOf, authorization, profiles, trustedToken } from './external.ts'
import type { Fixture } from './fixture.ts'
import { newPhone, type Person, password } from './people.ts'

export type Request = Record<string, unknown>

/** A request of each operation that succeeds, made anew for each call. */
export const requests: Record<OperationName, (world: Fixture) => Promise<Request>> = {
  async 'sessions.get'(world) {
    const person = await world.newPerson()
    await world.signIn(person, { session_custom_claims: { plan: 'pro' } })
    return named(person)
  },
  async 'sessions.authenticate'(world) {
    const person = await world.newPerson({ roles: ['editor'] })
    const { session_token } = await world.signIn(person)
    const { organization_id } = person
    const authorization_check = { organization_id, resource_id: 'documents', action: 'read' }
    return { session_token, authorization_check }
  },
  async 'sessions.revoke'(world) {
    const { session_token } = await world.signIn(await world.newPerson())
    return { session_token }
  },
  async 'sessions.exchange'(world) {
    const person = await world.newPerson()
    const { session_token } = await signInElsewhere(world, person)
    return { organization_id: person.organization_id, session_token }
  },
  async 'discovery.intermediateSessions.exchange'(world) {
    const { organization_id, email_address } = await world.newPerson()
    const intermediate_session_token = await beginDiscovery(world, email_address)
    return { organization_id, intermediate_session_token }
  },
  async 'discovery.organizations.list'(world) {
    const { email_address } = await world.newPerson()
    return { intermediate_session_token: await beginDiscovery(world, email_address) }
  },
  async 'discovery.organizations.create'(world) {
    const email_address = `${crypto.randomUUID()}@acme.example`
    return { intermediate_session_token: await beginDiscovery(world, email_address) }
  },
  async 'sessions.exchangeAccessToken'(world) {
    const { session_token } = await world.signIn(await world.newPerson())
    return { access_token: await accessTokenOf(world, { session_token }) }
  },
  async 'sessions.attest'(world) {
    const token = await trustedToken(world, await world.newPerson())
    return { profile_id: profiles.plain, token }
  },
  async 'sessions.migrate'(world) {
    const { organization_id, email_address } = await world.newPerson()
    const session_token = world.identity.credentialFor({ email: email_address })
    return { organization_id, session_token }
  },
  async 'sessions.getJWKS'({ project_id }) {
    return { project_id }
  },
  async 'totps.create'(world) {
    return named(await world.newPerson())
  },
  async 'totps.authenticate'(world) {
    const person = await world.newEnrolled()
    const intermediate_session_token = await world.beginSignIn(person)
    return { ...named(person), intermediate_session_token, code: world.nextCode(person.secret) }
  },
  async 'totps.migrate'(world) {
    const recovery_codes = ['one', 'two']
    return { ...named(await world.newPerson()), secret: 'JBSWY3DPEHPK3PXP', recovery_codes }
  },
  async 'recoveryCodes.get'(world) {
    return named(await world.newEnrolled())
  },
  async 'recoveryCodes.rotate'(world) {
    return named(await world.newEnrolled())
  },
  async 'recoveryCodes.recover'(world) {
    const person = await world.newEnrolled()
    const intermediate_session_token = await world.beginSignIn(person)
    return {
      ...named(person),
      intermediate_session_token,
      recovery_code: await recoveryCodeOf(world, person)
    }
  },
  async 'otps.sms.send'(world) {
    return { ...named(await world.newPerson()), mfa_phone_number: newPhone() }
  },
  async 'otps.sms.authenticate'(world) {
    const person = await world.newPhoned()
    const intermediate_session_token = await world.beginSignIn(person)
    const code = world.lastCode(person.mfa_phone_number)
    return { ...named(person), intermediate_session_token, code }
  },
  async 'otps.email.loginOrSignup'(world) {
    return addressed(await world.newPerson())
  },
  async 'otps.email.authenticate'(world) {
    const person = await world.newPerson()
    await world.client.otps.email.loginOrSignup(addressed(person))
    return { ...addressed(person), code: world.lastCode(person.email_address) }
  },
  async 'otps.email.discovery.send'(world) {
    const { email_address } = await world.newPerson()
    return { email_address }
  },
  async 'otps.email.discovery.authenticate'(world) {
    const { email_address } = await world.newPerson()
    await world.client.otps.email.discovery.send({ email_address })
    return { email_address, code: world.lastCode(email_address) }
  },
  async 'magicLinks.authenticate'(world) {
    const person = await world.newPerson()
    await world.client.magicLinks.email.loginOrSignup(addressed(person))
    return { magic_links_token: lastToken(world, person.email_address) }
  },
  async 'magicLinks.email.loginOrSignup'(world) {
    return addressed(await world.newPerson())
  },
  async 'magicLinks.email.invite'({ A: { organization_id } }) {
    return { organization_id, email_address: `${crypto.randomUUID()}@acme.example` }
  },
  async 'magicLinks.email.discovery.send'(world) {
    const { email_address } = await world.newPerson()
    return { email_address }
  },
  async 'magicLinks.discovery.authenticate'(world) {
    const { email_address } = await world.newPerson()
    await world.client.magicLinks.email.discovery.send({ email_address })
    return { discovery_magic_links_token: lastToken(world, email_address) }
  },
  async 'passwords.authenticate'(world) {
    const { organization_id, email_address } = await world.newPerson()
    return { organization_id, email_address, password }
  },
  async 'passwords.strengthCheck'() {
    return { password, email_address: 'ada@acme.example' }
  },
  async 'passwords.migrate'({ A: { organization_id } }) {
    const email_address = `${crypto.randomUUID()}@acme.example`
    return { organization_id, email_address, hash: bcryptHash, hash_type: 'bcrypt' }
  },
  async 'passwords.email.resetStart'(world) {
    const { organization_id, email_address } = await world.newPerson()
    return { organization_id, email_address }
  },
  async 'passwords.email.reset'(world) {
    const { organization_id, email_address } = await world.newPerson()
    await world.client.passwords.email.resetStart({ organization_id, email_address })
    const password_reset_token = world.sentTo(email_address)[0]?.token
    return { password_reset_token, password: 'another horse battery staple' }
  },
  async 'passwords.existingPassword.reset'(world) {
    const { organization_id, email_address } = await world.newPerson()
    const new_password = 'another horse battery staple'
    return { organization_id, email_address, existing_password: password, new_password }
  },
  async 'passwords.sessions.reset'(world) {
    const person = await world.newPerson()
    const { session_token } = await world.signIn(person)
    const { organization_id } = person
    return { organization_id, session_token, password: 'another horse battery staple' }
  },
  async 'rbac.policy'() {
    return {}
  },
  async 'rbac.organizations.getOrgPolicy'(world) {
    const { organization_id } = await world.newOrganization()
    await world.client.rbac.organizations.setOrgPolicy({ organization_id, org_policy })
    return { organization_id }
  },
  async 'rbac.organizations.setOrgPolicy'(world) {
    const { organization_id } = await world.newOrganization()
    return { organization_id, org_policy }
  },
  async 'organizations.create'() {
    return { organization_name: 'Initech', trusted_metadata: { tier: 1 } }
  },
  async 'organizations.get'({ A: { organization_id } }) {
    return { organization_id }
  },
  async 'organizations.update'(world) {
    const { organization_id } = await world.newOrganization()
    return { organization_id, organization_name: 'Initrode' }
  },
  async 'organizations.delete'(world) {
    const { organization_id } = await world.newOrganization()
    return { organization_id }
  },
  async 'organizations.metrics'({ A: { organization_id } }) {
    return { organization_id }
  },
  async 'organizations.deleteExternalId'(world) {
    const { organization_id } = await world.newOrganization({
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
  async 'organizations.members.get'(world) {
    return named(await world.newPerson({ external_id: crypto.randomUUID() }))
  },
  async 'organizations.members.dangerouslyGet'(world) {
    const { member_id } = await deletedPerson(world)
    return { member_id, include_deleted: true }
  },
  async 'organizations.members.update'(world) {
    return { ...named(await world.newPerson()), name: 'Max' }
  },
  async 'organizations.members.delete'(world) {
    return named(await world.newPerson())
  },
  async 'organizations.members.reactivate'(world) {
    return named(await deletedPerson(world))
  },
  async 'organizations.members.deleteMFAPhoneNumber'(world) {
    return named(await world.newPerson({ mfa_phone_number: newPhone() }))
  },
  async 'organizations.members.deleteTOTP'(world) {
    return named(await world.newEnrolled())
  },
  async 'organizations.members.deletePassword'(world) {
    const { organization_id, member } = await world.newPerson()
    return { organization_id, member_password_id: member.member_password_id }
  },
  async 'organizations.members.unlinkRetiredEmail'(world) {
    const person = await world.newPerson()
    const email_address = `${crypto.randomUUID()}@acme.example`
    await world.client.organizations.members.update({ ...named(person), email_address })
    return { ...named(person), email_address: person.email_address }
  },
  async 'organizations.members.deleteExternalId'(world) {
    return named(await world.newPerson({ external_id: crypto.randomUUID() }))
  },
  async 'organizations.members.startEmailUpdate'(world) {
    const email_address = `${crypto.randomUUID()}@acme.example`
    return { ...named(await world.newPerson()), email_address }
  },
  async 'organizations.members.search'(world) {
    const { organization_id } = await world.newPerson()
    return { organization_ids: [organization_id], limit: 2 }
  },
  async 'idp.oauth.authorizeStart'(world) {
    return { ...authorization, ...named(await world.newPerson()) }
  },
  async 'idp.oauth.authorize'(world) {
    const { session_token } = await world.signIn(await world.newPerson())
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

function lastToken(world: Fixture, email_address: string): string {
  return world.sentTo(email_address)[0]?.token ?? ''
}

export async function recoveryCodeOf(world: Fixture, person: Person): Promise<string> {
  const { recovery_codes } = await world.client.recoveryCodes.get(named(person))
  return recovery_codes[0] ?? ''
}

export async function deletedPerson(world: Fixture): Promise<Person> {
  const person = await world.newPerson()
  await world.client.organizations.members.delete(named(person))
  return person
}
