import { sha256 } from '../../../src/authority/crypto/tokens.ts'
import { lockableTypes } from '../../../src/authority/domain/lockables.ts'
import type { OperationName } from '../../../src/wire/routes.ts'
import { code_challenge } from '../../support/external.ts'
import { setFactors } from '../../support/factors.ts'
import { failAttempts } from '../../support/locks.ts'
import { newPhone, type Person, password } from '../../support/people.ts'
import type { Request } from '../../support/requests.ts'
import { runSql } from '../../support/run-sql.ts'
import { otherThan, wrongCode } from '../../support/totp-code.ts'
import { changed, emailCodeTried, inSession, type Rule, type Sent } from './rule.ts'
import {
  idsOf,
  pendingSignIn,
  recovery_codes,
  type Scene,
  setMember,
  totp_secret
} from './scene.ts'

const bySms: readonly OperationName[] = ['otps.sms.send', 'otps.sms.authenticate']
const byTotp: readonly OperationName[] = ['totps.create', 'totps.authenticate']
const secondFactor: readonly OperationName[] = [...bySms, ...byTotp, 'recoveryCodes.recover']

const byPassword: readonly OperationName[] = [
  'passwords.authenticate',
  'passwords.email.resetStart',
  'passwords.email.reset',
  'passwords.existingPassword.reset'
]
const byMagicLink: readonly OperationName[] = [
  'magicLinks.authenticate',
  'magicLinks.email.loginOrSignup',
  'magicLinks.email.invite',
  'organizations.members.startEmailUpdate'
]
const byEmailOtp: readonly OperationName[] = ['otps.email.loginOrSignup', 'otps.email.authenticate']
const byOtherSystem: readonly OperationName[] = ['sessions.attest', 'sessions.migrate']

/** Operations that try a lockable, and wait while it is locked. */
const trying: readonly OperationName[] = [
  'passwords.authenticate',
  'passwords.existingPassword.reset',
  'otps.email.authenticate',
  'otps.email.discovery.authenticate',
  'otps.sms.send',
  'otps.sms.authenticate',
  'totps.authenticate',
  'recoveryCodes.recover'
]

const byLink: readonly OperationName[] = [
  'magicLinks.authenticate',
  'magicLinks.discovery.authenticate',
  'passwords.email.reset'
]
const bySentCode: readonly OperationName[] = [
  'otps.sms.authenticate',
  'otps.email.authenticate',
  'otps.email.discovery.authenticate'
]
const settingPassword: readonly OperationName[] = [
  'passwords.email.reset',
  'passwords.existingPassword.reset',
  'passwords.sessions.reset'
]
const byOldPassword: readonly OperationName[] = [
  'passwords.authenticate',
  'passwords.existingPassword.reset'
]

/** An attempt is counted before it is known to be wrong: against what was tried, the sign-in and the code that was sent. */
const attempt = ['+failed_attempts']

export const factorRules: readonly Rule[] = [
  // What the organization accepts
  {
    of: 'a code by SMS, where the organization allows TOTP alone',
    operations: bySms,
    alone: true,
    rejects: '403 operation_restricted_by_organization_mfa_methods',
    async broken(scene) {
      await restrict(scene, { mfa_methods: 'RESTRICTED', allowed_mfa_methods: ['totp'] })
      return changed(scene, {})
    }
  },
  {
    of: 'an authenticator, where the organization allows codes by SMS alone',
    operations: byTotp,
    alone: true,
    rejects: '403 operation_restricted_by_organization_mfa_methods',
    async broken(scene) {
      await restrict(scene, { mfa_methods: 'RESTRICTED', allowed_mfa_methods: ['sms_otp'] })
      return changed(scene, {})
    }
  },
  ...(
    [
      ['a password', byPassword, ['magic_link', 'email_otp', 'sso', 'google_oauth']],
      ['a magic link', byMagicLink, ['password', 'email_otp', 'sso', 'google_oauth']],
      ['a code by e-mail', byEmailOtp, ['password', 'magic_link', 'sso', 'google_oauth']],
      ['another system', byOtherSystem, ['password', 'magic_link', 'email_otp', 'sso']]
    ] as const
  ).map(
    ([what, some, allowed_auth_methods]): Rule => ({
      of: `${what}, where the organization allows other methods`,
      operations: some,
      alone: true,
      rejects: '403 operation_restricted_by_organization_auth_methods',
      async broken(scene) {
        await restrict(scene, {
          auth_methods: 'RESTRICTED',
          allowed_auth_methods: [...allowed_auth_methods]
        })
        return changed(scene, {})
      },
      leaves: emailCodeTried
    })
  ),
  {
    of: 'a code by e-mail for a new address, where the organization allows magic links alone',
    operations: ['organizations.members.startEmailUpdate'],
    alone: true,
    rejects: '403 operation_restricted_by_organization_auth_methods',
    async broken(scene) {
      await restrict(scene, { auth_methods: 'RESTRICTED', allowed_auth_methods: ['magic_link'] })
      return changed(scene, { delivery_method: 'EMAIL_OTP' })
    }
  },

  // Who may use a second factor
  ...(['pending', 'invited'] as const).map(
    (status): Rule => ({
      of: `a member who is ${status}`,
      operations: [...secondFactor, 'idp.oauth.authorizeStart', 'idp.oauth.authorize'],
      alone: true,
      rejects: '400 action_available_only_for_active_members',
      async broken(scene) {
        await setMember(scene, { status })
        return changed(scene, {})
      }
    })
  ),
  {
    of: 'an intermediate session that lacks a primary factor which the organization accepts',
    operations: secondFactor,
    alone: true,
    rejects: '400 action_available_only_once_primary_authentication_is_met',
    async broken(scene) {
      const intermediate_session_token = await pendingSignIn(scene.fixture, scene.person)
      await restrict(scene, { auth_methods: 'RESTRICTED', allowed_auth_methods: ['password'] })
      return inSession(scene, { intermediate_session_token })
    }
  },
  {
    of: 'no session of a member who has a verified number',
    operations: ['totps.create', 'otps.sms.send'],
    rejects: '401 insufficient_factors',
    async broken(scene) {
      return inSession(scene, idsOf(await scene.fixture.newPhoned()))
    }
  },
  {
    of: 'an intermediate session that lacks the number which the member has verified',
    operations: ['totps.create'],
    rejects: '401 insufficient_factors',
    async broken(scene) {
      const person = await scene.fixture.newPhoned()
      const intermediate_session_token = await pendingSignIn(scene.fixture, person)
      return inSession(scene, { ...idsOf(person), intermediate_session_token })
    }
  },
  {
    of: 'a first code to a number, of a member who has an authenticator',
    operations: ['otps.sms.send'],
    rejects: '401 insufficient_factors',
    async broken(scene) {
      const person = await scene.fixture.newEnrolled()
      const intermediate_session_token = await pendingSignIn(scene.fixture, person)
      const mfa_phone_number = newPhone()
      return inSession(scene, { ...idsOf(person), intermediate_session_token, mfa_phone_number })
    }
  },
  {
    of: 'a first code of a member who has got another second factor meanwhile',
    operations: ['otps.sms.authenticate', 'totps.authenticate'],
    rejects: '401 insufficient_factors',
    broken: enrolledMeanwhile
  },
  {
    of: 'a password, or codes, that ten failures have locked',
    operations: trying,
    alone: true,
    rejects: '429 user_lock_limit_reached',
    async broken(scene) {
      const now = scene.fixture.clock.now()
      await failAttempts(scene.fixture.database, triedBy(scene), lockableTypes, {
        failures: 10,
        now
      })
      return changed(scene, {})
    }
  },
  {
    of: 'a password, or codes, that a hundred failures have disabled',
    operations: trying,
    alone: true,
    rejects: '429 user_lock_limit_reached',
    async broken(scene) {
      await failAttempts(scene.fixture.database, triedBy(scene), lockableTypes, {
        failures: 100,
        now: scene.fixture.clock.now() - 86_400_000
      })
      return changed(scene, {})
    }
  },

  // Authenticators and recovery codes
  {
    of: 'a member who has an authenticator',
    operations: ['totps.migrate'],
    rejects: '400 active_totp_exists',
    async broken(scene) {
      return changed(scene, idsOf(await scene.fixture.newEnrolled()))
    }
  },
  {
    of: 'a member who has an authenticator, in a session with it',
    operations: ['totps.create'],
    rejects: '400 active_totp_exists',
    async broken(scene) {
      const person = await scene.fixture.newEnrolled()
      const { session_token } = await scene.fixture.client.totps.authenticate({
        ...idsOf(person),
        intermediate_session_token: await pendingSignIn(scene.fixture, person),
        code: scene.fixture.nextCode(person.secret)
      })
      return inSession(scene, { ...idsOf(person), session_token })
    }
  },
  {
    of: 'a member without an authenticator',
    operations: ['totps.authenticate', 'organizations.members.deleteTOTP'],
    rejects: '404 totp_not_found',
    async broken(scene) {
      const person = await scene.fixture.newPerson()
      const fields = scene.operation === 'totps.authenticate' ? await pending(scene, person) : {}
      return changed(scene, { ...idsOf(person), ...fields })
    }
  },
  {
    of: 'the recovery codes of a member without an authenticator',
    operations: ['recoveryCodes.get', 'recoveryCodes.rotate', 'recoveryCodes.recover'],
    rejects: '404 recovery_codes_not_found',
    async broken(scene) {
      const person = await scene.fixture.newPerson()
      const fields = scene.operation === 'recoveryCodes.recover' ? await pending(scene, person) : {}
      return changed(scene, { ...idsOf(person), ...fields })
    }
  },
  {
    of: 'a registration that has expired',
    operations: ['totps.authenticate'],
    rejects: '400 expired_totp',
    async broken(scene) {
      const person = await scene.fixture.newPerson()
      const { secret } = await scene.fixture.client.totps.create(idsOf(person))
      await runSql(
        scene.fixture.database,
        'update totps set expires_at = $1 where member_id = $2',
        [scene.fixture.clock.now(), person.member_id]
      )
      const code = scene.fixture.nextCode(secret)
      return changed(scene, { ...idsOf(person), ...(await pending(scene, person)), code })
    }
  },
  {
    of: 'a code that is not six digits',
    operations: ['totps.authenticate'],
    rejects: '400 invalid_totp_code',
    broken: (scene) => changed(scene, { code: 'abcdef' })
  },
  {
    of: 'a recovery code, where it takes a code of the authenticator',
    operations: ['totps.authenticate'],
    rejects: '400 recovery_code_used_as_totp_code',
    broken: (scene) => changed(scene, { code: recovery_codes[0] })
  },
  {
    of: 'a code of the authenticator, where it takes a recovery code',
    operations: ['recoveryCodes.recover'],
    rejects: '400 totp_code_used_as_recovery_code',
    broken: (scene) => changed(scene, { recovery_code: '123456' })
  },
  {
    of: 'a wrong code of the authenticator',
    operations: ['totps.authenticate'],
    alone: true,
    rejects: '401 unable_to_authenticate_totp',
    broken: (scene) => changed(scene, { code: wrongCode(totp_secret, scene.fixture.clock.now()) }),
    leaves: () => [...attempt, 'intermediate_sessions.failed_codes']
  },
  {
    of: 'a code of the authenticator that was used',
    operations: ['totps.authenticate'],
    alone: true,
    rejects: '401 totp_code_already_authenticated',
    async broken(scene) {
      await scene.fixture.send('totps.authenticate', scene.request)
      return inSession(scene, await pending(scene, scene.person))
    }
  },
  {
    of: 'a wrong recovery code',
    operations: ['recoveryCodes.recover'],
    alone: true,
    rejects: '401 unable_to_authenticate_recovery_code',
    broken: (scene) => changed(scene, { recovery_code: 'aaaa-aaaa-aaaa' }),
    leaves: () => [...attempt, 'intermediate_sessions.failed_codes']
  },
  {
    of: 'a recovery code that was used',
    operations: ['recoveryCodes.recover'],
    alone: true,
    rejects: '401 unable_to_authenticate_recovery_code',
    async broken(scene) {
      await scene.fixture.send('recoveryCodes.recover', scene.request)
      return inSession(scene, await pending(scene, scene.person))
    },
    leaves: () => [...attempt, 'intermediate_sessions.failed_codes']
  },
  {
    of: 'a sign-in that five wrong codes have ended',
    operations: ['totps.authenticate', 'recoveryCodes.recover', 'otps.sms.authenticate'],
    alone: true,
    rejects: '404 intermediate_session_not_found',
    async broken(scene) {
      await runSql(
        scene.fixture.database,
        'update intermediate_sessions set failed_codes = 5 where token_hash = $1',
        [sha256(String(scene.request.intermediate_session_token))]
      )
      return changed(scene, {})
    }
  },

  // Codes that were sent
  {
    of: 'a code that is not six digits',
    operations: bySentCode,
    rejects: '400 invalid_code',
    broken: (scene) => changed(scene, { code: 'abcdef' })
  },
  {
    of: 'a wrong code',
    operations: bySentCode,
    alone: true,
    rejects: '404 otp_code_not_found',
    broken: (scene) => changed(scene, { code: otherThan(String(scene.request.code)) }),
    leaves: (operation) => [
      ...(operation === 'otps.sms.authenticate' ? ['intermediate_sessions.failed_codes'] : []),
      ...attempt,
      'one_time_codes.failed_attempts'
    ]
  },
  {
    of: 'a code where none was sent',
    operations: ['otps.sms.authenticate'],
    rejects: '404 otp_code_not_found',
    async broken(scene) {
      const person = await scene.fixture.newPhoned()
      return changed(scene, { ...idsOf(person), ...(await pending(scene, person)) })
    }
  },
  {
    of: 'a code where none was sent',
    operations: ['otps.email.authenticate', 'otps.email.discovery.authenticate'],
    rejects: '404 otp_code_not_found',
    async broken(scene) {
      const { email_address } = await scene.fixture.newPerson()
      return changed(scene, { email_address })
    }
  },
  {
    of: 'a code to an address that no member has',
    operations: ['otps.email.authenticate'],
    rejects: '404 otp_code_not_found',
    broken: (scene, { elsewhere: { email_address } }) => changed(scene, { email_address })
  },
  {
    of: 'a code that five wrong ones have ended',
    operations: bySentCode,
    alone: true,
    rejects: '404 otp_code_not_found',
    async broken(scene) {
      await setCode(scene, 'failed_attempts', 5)
      return changed(scene, {})
    }
  },
  ...(['expires_at', 'used_at'] as const).map(
    (column): Rule => ({
      of: column === 'used_at' ? 'a code that was used' : 'a code that has expired',
      operations: bySentCode,
      alone: true,
      rejects: '401 unable_to_auth_otp_code',
      async broken(scene) {
        await setCode(scene, column, scene.fixture.clock.now())
        return changed(scene, {})
      },
      leaves: () => ['one_time_codes.failed_attempts']
    })
  ),
  {
    of: 'a member without a number, and no number to link',
    operations: ['otps.sms.send'],
    rejects: '404 phone_number_not_found',
    broken: (scene) => changed(scene, { mfa_phone_number: undefined })
  },
  {
    of: 'another number than the member has',
    operations: ['otps.sms.send'],
    rejects: '400 duplicate_member_phone_number_for_member',
    async broken(scene) {
      const person = await scene.fixture.newPhoned({}, { verified: false })
      return changed(scene, { ...idsOf(person), mfa_phone_number: newPhone() })
    }
  },
  {
    of: 'the number of another member of the organization',
    operations: ['otps.sms.send'],
    rejects: '400 duplicate_member_phone_number',
    async broken(scene) {
      const { mfa_phone_number } = await scene.fixture.newPhoned()
      return changed(scene, { mfa_phone_number })
    }
  },
  ...(
    [
      [
        'of a country that the project does not send to',
        '+4915123456789',
        'invalid_phone_number_country_code'
      ],
      ['that does not exist', '+12025550', 'invalid_phone_number'],
      ['that earns its owner money', '+19005550100', 'invalid_phone_number']
    ] as const
  ).map(
    ([of, mfa_phone_number, error_type]): Rule => ({
      of: `a number ${of}`,
      operations: ['otps.sms.send'],
      rejects: `400 ${error_type}`,
      broken: (scene) => changed(scene, { mfa_phone_number })
    })
  ),

  // Passwords
  {
    of: 'a wrong password',
    operations: byOldPassword,
    alone: true,
    rejects: '401 unauthorized_credentials',
    broken: (scene) => withPassword(scene, `${password}!`),
    leaves: () => attempt
  },
  {
    of: 'the password of a member who has none',
    operations: byOldPassword,
    rejects: '401 unauthorized_credentials',
    async broken(scene) {
      const { organization_id } = scene
      const email_address = `${crypto.randomUUID()}@acme.example`
      await scene.fixture.client.organizations.members.create({ organization_id, email_address })
      return changed(scene, { email_address })
    }
  },
  {
    of: 'an address that no member of the organization has',
    operations: byOldPassword,
    rejects: '401 unauthorized_credentials',
    broken: (scene, { elsewhere: { email_address } }) => changed(scene, { email_address })
  },
  {
    of: 'a weak password',
    operations: settingPassword,
    rejects: '400 weak_password',
    broken: (scene) => withNewPassword(scene, 'password1')
  },
  {
    of: 'a password that is made of the address of the member',
    operations: settingPassword,
    rejects: '400 weak_password',
    broken: (scene) => withNewPassword(scene, scene.person.email_address)
  },
  {
    of: 'a session whose factors are older than five minutes',
    operations: ['passwords.sessions.reset'],
    rejects: '400 session_too_old_to_reset_password',
    async broken(scene) {
      const { session_token, member_session } = await scene.fixture.signIn(scene.person)
      const last_authenticated_at = new Date(scene.fixture.clock.now() - 301_000).toISOString()
      await setFactors(
        scene.fixture.database,
        member_session.member_session_id,
        member_session.authentication_factors.map((factor) => ({
          ...factor,
          last_authenticated_at
        }))
      )
      return inSession(scene, { session_token })
    }
  },

  // Links
  {
    of: 'a malformed token of a link',
    operations: byLink,
    rejects: '400 invalid_token',
    broken: (scene) => withLink(scene, 'short')
  },
  {
    of: 'the token of no link',
    operations: byLink,
    rejects: (operation) =>
      operation === 'passwords.email.reset'
        ? '401 unable_to_auth_password_reset_token'
        : '404 magic_link_not_found',
    broken: (scene) => withLink(scene, `${'A'.repeat(43)}=`)
  },
  {
    of: 'the token of a link of another kind',
    operations: byLink,
    rejects: (operation) =>
      operation === 'passwords.email.reset'
        ? '401 unable_to_auth_password_reset_token'
        : '404 magic_link_not_found',
    async broken(scene) {
      const { email_address } = await scene.fixture.newPerson()
      const { client } = scene.fixture
      if (scene.operation === 'magicLinks.discovery.authenticate') {
        const { organization_id } = scene
        await client.magicLinks.email.loginOrSignup({ organization_id, email_address })
      } else {
        await client.magicLinks.email.discovery.send({ email_address })
      }
      return withLink(scene, scene.fixture.sentTo(email_address)[0]?.token)
    }
  },
  ...(['expires_at', 'used_at'] as const).map(
    (column): Rule => ({
      of: column === 'used_at' ? 'a link that was used' : 'a link that has expired',
      operations: byLink,
      alone: true,
      rejects: (operation) =>
        operation === 'passwords.email.reset'
          ? '401 unable_to_auth_password_reset_token'
          : '401 unable_to_auth_magic_link',
      async broken(scene) {
        // Whom a code by SMS would be sent to, if the link were good.
        await setMember(scene, {
          mfa_enrolled: 1,
          phone_id: 'phone-number-test-1',
          mfa_phone_number: newPhone(),
          mfa_phone_number_verified: 1
        })
        await setLink(scene, column, scene.fixture.clock.now())
        return changed(scene, {})
      }
    })
  ),
  {
    of: 'a link to an address that the member has no more',
    operations: ['magicLinks.authenticate', 'passwords.email.reset'],
    alone: true,
    rejects: (operation) =>
      operation === 'passwords.email.reset'
        ? '401 unable_to_auth_password_reset_token'
        : '401 unable_to_auth_magic_link',
    async broken(scene) {
      await setMember(scene, { email_address: `${crypto.randomUUID()}@acme.example` })
      return changed(scene, {})
    }
  },
  {
    of: 'a verifier, where the flow began without a challenge',
    operations: byLink,
    rejects: '400 pkce_did_not_expect_code_verifier',
    broken: (scene) => withVerifier(scene, 'v'.repeat(43))
  },
  {
    of: 'no verifier, where the flow began with a challenge',
    operations: byLink,
    alone: true,
    rejects: '400 pkce_expected_code_verifier',
    async broken(scene) {
      await setLink(scene, 'code_challenge', code_challenge)
      return changed(scene, {})
    }
  },
  {
    of: 'another verifier than the one that the flow began with',
    operations: byLink,
    alone: true,
    rejects: '400 pkce_mismatch',
    async broken(scene) {
      await setLink(scene, 'code_challenge', code_challenge)
      return withVerifier(scene, 'v'.repeat(43))
    }
  }
]

async function restrict({ organization_id, fixture }: Scene, settings: Request): Promise<void> {
  await fixture.client.organizations.update({ organization_id, ...settings })
}

async function pending({ fixture }: Scene, person: Person): Promise<Request> {
  return { intermediate_session_token: await pendingSignIn(fixture, person) }
}

/** A number, or an authenticator, that waits for its first code, of a member who has got the other one since. */
async function enrolledMeanwhile(scene: Scene): Promise<Sent> {
  const { client, lastCode, nextCode } = scene.fixture
  if (scene.operation === 'otps.sms.authenticate') {
    const person = await scene.fixture.newPhoned({}, { verified: false })
    const { intermediate_session_token } = await pending(scene, person)
    await client.otps.sms.send({
      ...idsOf(person),
      intermediate_session_token: `${intermediate_session_token}`
    })
    const code = lastCode(person.mfa_phone_number)
    await client.totps.migrate({ ...idsOf(person), secret: totp_secret, recovery_codes: [] })
    return inSession(scene, { ...idsOf(person), intermediate_session_token, code })
  }
  const person = await scene.fixture.newPerson()
  const { secret } = await client.totps.create(idsOf(person))
  await setMember(
    { ...scene, person },
    { phone_id: 'phone-number-test-1', mfa_phone_number: newPhone(), mfa_phone_number_verified: 1 }
  )
  return inSession(scene, {
    ...idsOf(person),
    ...(await pending(scene, person)),
    code: nextCode(secret)
  })
}

function withPassword(scene: Scene, wrong: string): Sent {
  const isReset = scene.operation === 'passwords.existingPassword.reset'
  return changed(scene, { [isReset ? 'existing_password' : 'password']: wrong })
}

function withNewPassword(scene: Scene, weak: string): Sent {
  const isReset = scene.operation === 'passwords.existingPassword.reset'
  return changed(scene, { [isReset ? 'new_password' : 'password']: weak })
}

const tokenFields = ['magic_links_token', 'discovery_magic_links_token', 'password_reset_token']

function withLink(scene: Scene, token: string | undefined): Sent {
  const field = tokenFields.find((name) => scene.request[name] !== undefined) ?? ''
  return changed(scene, { [field]: token })
}

function withVerifier(scene: Scene, verifier: string): Sent {
  const isReset = scene.operation === 'passwords.email.reset'
  return changed(scene, { [isReset ? 'code_verifier' : 'pkce_code_verifier']: verifier })
}

async function setLink(
  { request, fixture }: Scene,
  column: 'expires_at' | 'used_at' | 'code_challenge',
  value: number | string
): Promise<void> {
  const token = tokenFields.map((field) => request[field]).find((given) => given !== undefined)
  await runSql(fixture.database, `update links set ${column} = $1 where token_hash = $2`, [
    value,
    sha256(String(token))
  ])
}

/** Whose lockables the call tries: in discovery those of an address. */
function triedBy({ person, request }: Scene): Pick<Person, 'member_id' | 'email_address'> {
  const { member_id, email_address } = person
  return { member_id, email_address: String(request.email_address ?? email_address) }
}

async function setCode(
  { person: { member_id, email_address }, fixture }: Scene,
  column: 'expires_at' | 'used_at' | 'failed_attempts',
  value: number
): Promise<void> {
  await runSql(
    fixture.database,
    `update one_time_codes set ${column} = $1 where subject in ($2, $3)`,
    [value, member_id, email_address]
  )
}
