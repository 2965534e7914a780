import { sha256 } from '../../../src/authority/crypto/tokens.ts'
import type { OperationName } from '../../../src/wire/routes.ts'
import type { Request } from '../../support/requests.ts'
import { runSql } from '../../support/run-sql.ts'
import { withOtherSignature } from '../../support/session-jwts.ts'
import {
  changed,
  emailCodeTried,
  except,
  inSession,
  type Rule,
  sentCodeTried,
  taking
} from './rule.ts'
import { idsOf, newAddress, pendingSignIn, type Scene } from './scene.ts'

const unknownToken = 'A'.repeat(44)

/** Its `session_token` is a credential of another provider, in whatever form that has. */
const ofAnotherProvider = 'sessions.migrate'

const byToken = except(taking('session_token'), ofAnotherProvider)
const byJwt = taking('session_jwt')
const byIntermediate = taking('intermediate_session_token')
const byEither = taking('session_token', 'session_jwt')

/** Operations that a session is an addition to. */
const withoutSession: readonly OperationName[] = [
  'sessions.attest',
  'totps.create',
  'otps.sms.send',
  'otps.email.authenticate',
  'magicLinks.authenticate',
  'passwords.authenticate',
  'passwords.email.reset',
  'passwords.existingPassword.reset'
]

/** A second factor is of one member, so a session that comes with it must be that member's. */
const secondFactor: readonly OperationName[] = [
  'totps.create',
  'totps.authenticate',
  'recoveryCodes.recover',
  'otps.sms.send',
  'otps.sms.authenticate'
]

/** A primary factor continues only its own member's intermediate session; another member's session it ignores. */
const primaryFactor: readonly OperationName[] = [
  'otps.email.authenticate',
  'magicLinks.authenticate',
  'passwords.authenticate',
  'passwords.email.reset'
]

const tooMany = (operation: OperationName) =>
  operation === 'sessions.revoke'
    ? '400 too_many_session_revoke_arguments'
    : '400 too_many_session_arguments'

export const sessionRules: readonly Rule[] = [
  {
    of: 'no session, where it needs one',
    operations: except(byEither, ...withoutSession),
    rejects: (operation) =>
      operation === 'sessions.revoke'
        ? '400 no_session_revoke_arguments'
        : '400 no_session_arguments',
    broken: (scene) => inSession(scene, {})
  },
  {
    of: 'token and JWT of one session',
    operations: byEither,
    rejects: tooMany,
    async broken(scene) {
      const { session_token, session_jwt } = await scene.fixture.signIn(scene.person)
      return inSession(scene, { session_token, session_jwt })
    }
  },
  {
    of: 'a session and an intermediate session',
    operations: taking('session_token', 'intermediate_session_token'),
    rejects: '400 too_many_session_arguments',
    async broken(scene) {
      const { session_token } = await scene.fixture.signIn(scene.person)
      const intermediate_session_token = await pendingSignIn(scene.fixture, scene.person)
      return inSession(scene, { session_token, intermediate_session_token })
    }
  },
  {
    of: 'a session beside the member that it names',
    operations: taking('session_token', 'organization_id', 'member_id', 'client_id'),
    rejects: '400 too_many_session_arguments',
    async broken(scene) {
      const { session_token } = await scene.fixture.signIn(scene.person)
      return changed(scene, { ...idsOf(scene.person), session_token })
    }
  },
  {
    of: 'a malformed session token',
    operations: byToken,
    rejects: '400 invalid_session_token',
    broken: (scene) => inSession(scene, { session_token: 'short' })
  },
  {
    of: 'a session token that is unknown',
    operations: byToken,
    rejects: '404 session_not_found',
    broken: (scene) => inSession(scene, { session_token: unknownToken })
  },
  {
    of: 'the token of a session that was revoked',
    operations: byToken,
    rejects: '404 session_not_found',
    broken: (scene, { ended: { session_token } }) => inSession(scene, { session_token })
  },
  {
    of: 'the token of a session that has expired',
    operations: byToken,
    rejects: '404 session_not_found',
    broken: (scene, { expired: { session_token } }) => inSession(scene, { session_token })
  },
  {
    of: 'the session token of a member who was deleted',
    operations: byToken,
    rejects: '404 session_not_found',
    broken: (scene, { deletedMember: { session_token } }) => inSession(scene, { session_token })
  },
  {
    of: 'a session token of another project',
    operations: byToken,
    rejects: '404 session_not_found',
    broken: (scene, { otherProject: { session_token } }) => inSession(scene, { session_token })
  },
  {
    of: 'a malformed session JWT',
    operations: byJwt,
    rejects: '400 unable_to_parse_session_jwt',
    broken: (scene) => inSession(scene, { session_jwt: 'a.b.c' })
  },
  {
    of: 'a session JWT with another signature',
    operations: byJwt,
    rejects: '404 session_not_found',
    async broken(scene) {
      const { session_jwt } = await scene.fixture.signIn(scene.person)
      return inSession(scene, { session_jwt: withOtherSignature(session_jwt) })
    }
  },
  {
    of: 'the JWT of a session that was revoked',
    operations: byJwt,
    rejects: '404 session_not_found',
    broken: (scene, { ended: { session_jwt } }) => inSession(scene, { session_jwt })
  },
  {
    of: 'the JWT of a session that has expired',
    operations: byJwt,
    rejects: '404 session_not_found',
    broken: (scene, { expired: { session_jwt } }) => inSession(scene, { session_jwt })
  },
  {
    of: 'the session JWT of a member who was deleted',
    operations: byJwt,
    rejects: '404 session_not_found',
    broken: (scene, { deletedMember: { session_jwt } }) => inSession(scene, { session_jwt })
  },
  {
    of: 'a session JWT of another project',
    operations: byJwt,
    rejects: '404 session_not_found',
    broken: (scene, { otherProject: { session_jwt } }) => inSession(scene, { session_jwt })
  },
  {
    of: 'a malformed intermediate session token',
    operations: byIntermediate,
    rejects: '400 invalid_session_token',
    broken: (scene) => inSession(scene, { intermediate_session_token: 'short' })
  },
  {
    of: 'an intermediate session token that is unknown',
    operations: byIntermediate,
    rejects: '404 intermediate_session_not_found',
    broken: (scene) => inSession(scene, { intermediate_session_token: unknownToken })
  },
  {
    of: 'the token of an intermediate session that became a session',
    operations: byIntermediate,
    rejects: '404 intermediate_session_not_found',
    broken: (scene, { usedIntermediate: intermediate_session_token }) =>
      inSession(scene, { intermediate_session_token })
  },
  {
    of: 'the token of an intermediate session that has expired',
    operations: byIntermediate,
    rejects: '404 intermediate_session_not_found',
    broken: (scene, { expiredIntermediate: intermediate_session_token }) =>
      inSession(scene, { intermediate_session_token })
  },
  {
    of: 'the session of another member of the organization',
    operations: [...secondFactor, 'sessions.attest'],
    rejects: '400 member_session_member_id_mismatch',
    async broken(scene) {
      const { session_token } = await scene.fixture.signIn(await scene.fixture.newPerson())
      return inSession(scene, { session_token })
    }
  },
  {
    of: 'the session of a member of another organization',
    operations: [...secondFactor, 'sessions.attest', 'passwords.sessions.reset'],
    rejects: '400 member_session_member_id_mismatch',
    broken: (scene, { elsewhere: { session_token } }) => inSession(scene, { session_token })
  },
  {
    of: 'the intermediate session of another member of the organization',
    operations: [...secondFactor, ...primaryFactor],
    rejects: '400 member_session_member_id_mismatch',
    async broken(scene) {
      const another = await scene.fixture.newPerson()
      const intermediate_session_token = await pendingSignIn(scene.fixture, another)
      return inSession(scene, { intermediate_session_token })
    },
    leaves: emailCodeTried
  },
  {
    of: 'the intermediate session of a member of another organization',
    operations: [...secondFactor, ...primaryFactor],
    rejects: '400 invalid_intermediate_session_token_for_organization',
    async broken(scene, { elsewhere }) {
      const intermediate_session_token = await pendingSignIn(scene.fixture, elsewhere)
      return inSession(scene, { intermediate_session_token })
    },
    leaves: emailCodeTried
  },
  {
    of: 'the intermediate session of another member who had the address before',
    operations: [...secondFactor, ...primaryFactor],
    alone: true,
    rejects: '400 member_session_member_id_mismatch',
    async broken(scene) {
      const { member_id } = await scene.fixture.newPerson()
      return inSession(scene, await changedIntermediate(scene, 'member_id', member_id))
    },
    leaves: emailCodeTried
  },
  {
    of: 'an intermediate session of an address that the member has no more',
    operations: [...secondFactor, ...primaryFactor],
    alone: true,
    rejects: '400 member_session_member_id_mismatch',
    async broken(scene) {
      return inSession(scene, await changedIntermediate(scene, 'email_address', newAddress()))
    },
    leaves: emailCodeTried
  },
  {
    of: 'a session that is unknown, before the password is looked at',
    operations: ['passwords.authenticate', 'passwords.existingPassword.reset'],
    rejects: '404 session_not_found',
    broken: (scene) =>
      changed(scene, {
        password: 'wrong',
        existing_password: 'wrong',
        session_token: unknownToken
      })
  },
  {
    of: 'custom claims that are too large',
    operations: taking('session_custom_claims'),
    rejects: '400 custom_claims_too_large',
    broken: (scene) => changed(scene, { session_custom_claims: { plan: 'x'.repeat(5000) } }),
    leaves: sentCodeTried
  },
  {
    of: 'custom claims of the API itself',
    operations: taking('session_custom_claims'),
    rejects: '400 stytch_claims_in_custom_claims',
    broken: (scene) =>
      changed(scene, { session_custom_claims: { 'https://stytch.com/session': {} } }),
    leaves: sentCodeTried
  },
  {
    of: 'a check of a permission that the session lacks',
    operations: taking('authorization_check'),
    rejects: '403 session_authorization_error',
    broken: (scene) =>
      changed(scene, { authorization_check: check(scene.organization_id, 'delete') })
  },
  {
    of: 'a check about another organization',
    operations: taking('authorization_check'),
    rejects: '403 session_authorization_tenancy_error',
    broken: (scene, { elsewhere }) =>
      changed(scene, { authorization_check: check(elsewhere.organization_id) })
  },
  {
    of: 'a check about an organization that does not exist',
    operations: taking('authorization_check'),
    rejects: '403 session_authorization_tenancy_error',
    broken: (scene) => changed(scene, { authorization_check: check('organization-test-nowhere') })
  }
]

function check(organization_id: string, action = 'read') {
  return { organization_id, resource_id: 'documents', action }
}

/** An intermediate session of the member, with another value in one column. */
async function changedIntermediate(
  { fixture, person }: Scene,
  column: 'member_id' | 'email_address',
  value: string
): Promise<Request> {
  const intermediate_session_token = await pendingSignIn(fixture, person)
  await runSql(
    fixture.database,
    `update intermediate_sessions set ${column} = $1 where token_hash = $2`,
    [value, sha256(intermediate_session_token)]
  )
  return { intermediate_session_token }
}
