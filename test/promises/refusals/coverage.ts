import type { ErrorType } from '../../../src/wire/error-types.ts'
import type { OperationName } from '../../../src/wire/routes.ts'
import { operations, routeOf, taking } from './rule.ts'

/** Operations that have something in common, and what each of them must be seen to answer: one of every line. */
export interface Requirement {
  readonly what: string
  readonly operations: readonly OperationName[]
  readonly answers: readonly (readonly ErrorType[])[]
  /** Those that need not, and why. */
  readonly but?: Readonly<Partial<Record<OperationName, string>>>
}

const ofAnotherProvider = 'its session_token is a credential of another provider'
const sessionIsExtra = 'a session is an addition to it'

export const requirements: readonly Requirement[] = [
  {
    what: 'needs the credentials of a project',
    operations: operations.filter((operation) => !routeOf(operation).isPublic),
    answers: [
      ['invalid_authorization_header'],
      ['invalid_project_id_authentication'],
      ['unauthorized_credentials'],
      ['method_not_allowed']
    ]
  },
  {
    what: 'has a body',
    operations: operations.filter((operation) =>
      ['POST', 'PUT'].includes(routeOf(operation).method)
    ),
    answers: [['invalid_argument'], ['request_too_large'], ['unsupported_media_type']]
  },
  {
    what: 'takes a member session in its headers',
    operations: operations.filter((operation) => routeOf(operation).takesAuthorization),
    answers: [
      ['session_authorization_error'],
      ['session_authorization_tenancy_error'],
      ['session_not_found'],
      ['invalid_session_token'],
      ['unable_to_parse_session_jwt'],
      ['too_many_session_arguments']
    ]
  },
  {
    what: 'takes no member session in its headers',
    operations: operations.filter((operation) => !routeOf(operation).takesAuthorization),
    answers: [['session_authorization_error']]
  },
  {
    what: 'takes session_token',
    operations: taking('session_token'),
    answers: [['session_not_found'], ['invalid_session_token']],
    but: { 'sessions.migrate': ofAnotherProvider }
  },
  {
    what: 'takes session_jwt',
    operations: taking('session_jwt'),
    answers: [
      ['session_not_found'],
      ['unable_to_parse_session_jwt'],
      ['too_many_session_arguments', 'too_many_session_revoke_arguments']
    ]
  },
  {
    what: 'needs a session',
    operations: taking('session_jwt'),
    answers: [['no_session_arguments', 'no_session_revoke_arguments']],
    but: {
      'sessions.attest': sessionIsExtra,
      'totps.create': 'only a member with a second factor needs one',
      'otps.sms.send': 'only a member with a second factor needs one',
      'otps.email.authenticate': sessionIsExtra,
      'magicLinks.authenticate': sessionIsExtra,
      'passwords.authenticate': sessionIsExtra,
      'passwords.email.reset': sessionIsExtra,
      'passwords.existingPassword.reset': sessionIsExtra
    }
  },
  {
    what: 'takes intermediate_session_token',
    operations: taking('intermediate_session_token'),
    answers: [['intermediate_session_not_found'], ['invalid_session_token']]
  },
  {
    what: 'continues the intermediate session of a member',
    operations: taking('intermediate_session_token'),
    answers: [
      ['member_session_member_id_mismatch'],
      ['invalid_intermediate_session_token_for_organization']
    ],
    but: {
      'discovery.intermediateSessions.exchange': 'it may go over to another member of one person',
      'discovery.organizations.create': 'it makes a member of its own',
      'discovery.organizations.list': 'it is about the intermediate session itself'
    }
  },
  {
    what: 'takes session_custom_claims',
    operations: taking('session_custom_claims'),
    answers: [['custom_claims_too_large'], ['stytch_claims_in_custom_claims']]
  },
  {
    what: 'takes session_duration_minutes',
    operations: taking('session_duration_minutes'),
    answers: [['invalid_session_duration_minutes']]
  },
  {
    what: 'takes organization_id',
    operations: taking('organization_id'),
    answers: [['organization_not_found']]
  },
  {
    what: 'takes organization_ids',
    operations: taking('organization_ids'),
    answers: [['organization_not_found'], ['member_search_organization_ids_empty']]
  },
  {
    what: 'takes member_id',
    operations: taking('member_id'),
    answers: [
      ['member_not_found', 'no_deleted_member_found', 'no_deleted_member_found_for_reactivation']
    ]
  },
  {
    what: 'takes email_address',
    operations: taking('email_address'),
    answers: [['invalid_email']]
  },
  { what: 'takes locale', operations: taking('locale'), answers: [['invalid_locale']] },
  {
    what: 'takes a code',
    operations: taking('code'),
    answers: [
      ['invalid_code', 'invalid_totp_code'],
      ['otp_code_not_found', 'unable_to_authenticate_totp'],
      ['unable_to_auth_otp_code', 'totp_code_already_authenticated']
    ]
  },
  {
    what: 'takes a code or a recovery code',
    operations: [...taking('code'), ...taking('recovery_code')],
    answers: [['user_lock_limit_reached']]
  },
  {
    what: 'takes a second factor',
    operations: [
      ...taking('code', 'member_id'),
      ...taking('recovery_code'),
      'totps.create',
      'otps.sms.send'
    ],
    answers: [
      ['action_available_only_for_active_members'],
      ['action_available_only_once_primary_authentication_is_met']
    ]
  },
  {
    what: 'takes a second factor that organizations can forbid',
    operations: [...taking('code', 'member_id'), 'totps.create', 'otps.sms.send'],
    answers: [['operation_restricted_by_organization_mfa_methods'], ['insufficient_factors']]
  },
  {
    what: 'takes a recovery code',
    operations: taking('recovery_code'),
    answers: [
      ['invalid_recovery_code'],
      ['unable_to_authenticate_recovery_code'],
      ['recovery_codes_not_found']
    ]
  },
  {
    what: 'takes the token of a link',
    operations: [
      ...taking('magic_links_token'),
      ...taking('discovery_magic_links_token'),
      ...taking('password_reset_token')
    ],
    answers: [
      ['invalid_token'],
      ['magic_link_not_found', 'unable_to_auth_password_reset_token'],
      ['unable_to_auth_magic_link', 'unable_to_auth_password_reset_token'],
      ['pkce_expected_code_verifier'],
      ['pkce_mismatch'],
      ['pkce_did_not_expect_code_verifier'],
      ['invalid_pkce_code_verifier']
    ]
  },
  {
    what: 'signs in by a first factor, or lets begin that',
    operations: [
      ...taking('organization_id', 'email_address', 'locale'),
      ...taking('magic_links_token'),
      ...taking('password_reset_token'),
      'sessions.attest',
      'sessions.migrate'
    ],
    answers: [['operation_restricted_by_organization_auth_methods']]
  },
  {
    what: 'takes a password of a member',
    operations: [...taking('email_address', 'password'), ...taking('existing_password')],
    answers: [['unauthorized_credentials'], ['user_lock_limit_reached']],
    but: { 'passwords.strengthCheck': 'the password is of no member' }
  },
  {
    what: 'sets a password',
    operations: [...taking('password'), ...taking('new_password')],
    answers: [['weak_password']],
    but: {
      'passwords.authenticate': 'the password is set already',
      'passwords.strengthCheck': 'it says how weak the password is'
    }
  },
  {
    what: 'has links that lead somewhere',
    operations: operations.filter((operation) => redirectFieldsOf(operation).length > 0),
    answers: [
      ['no_match_for_provided_magic_link_url', 'invalid_password_reset_redirect_url'],
      [
        'no_login_redirect_url',
        'no_invite_redirect_url',
        'no_discovery_redirect_url',
        'no_password_reset_redirect_url'
      ]
    ]
  },
  {
    what: 'sends a message',
    operations: [
      ...taking('mfa_phone_number', 'locale'),
      ...operations.filter((operation) => expirationFieldsOf(operation).length > 0),
      'organizations.members.startEmailUpdate'
    ],
    answers: [['too_many_requests'], ['server_unavailable'], ['not_implemented']]
  },
  {
    what: 'gives roles',
    operations: taking('roles'),
    answers: [['invalid_role'], ['too_many_roles']]
  },
  {
    what: 'takes trusted_metadata',
    operations: taking('trusted_metadata'),
    answers: [['metadata_too_large'], ['metadata_too_many_keys']]
  },
  {
    what: 'takes trusted_metadata, and member sessions',
    operations: taking('trusted_metadata').filter(
      (operation) => routeOf(operation).takesAuthorization
    ),
    answers: [['cannot_update_trusted_metadata']]
  },
  {
    what: 'takes external_id',
    operations: taking('external_id'),
    answers: [['duplicate_member_external_id']]
  },
  {
    what: 'takes mfa_phone_number',
    operations: taking('mfa_phone_number'),
    answers: [['invalid_phone_number']]
  },
  {
    what: 'takes organization_slug',
    operations: taking('organization_slug'),
    answers: [
      ['organization_slug_already_used'],
      ['organization_external_id_already_used'],
      ['invalid_organization_slug'],
      ['invalid_organization_external_id']
    ]
  },
  {
    what: 'searches',
    operations: taking('query'),
    answers: [
      [
        'organization_search_filter_name_not_recognized',
        'member_search_filter_name_not_recognized'
      ],
      ['search_invalid_filter_value'],
      ['search_invalid_cursor']
    ]
  },
  {
    what: 'names an app',
    operations: [...taking('client_id'), ...taking('connected_app_id')],
    answers: [['connected_app_not_found']]
  },
  {
    what: 'lets an app act for a member',
    operations: [...taking('client_id'), ...taking('access_token')],
    answers: [['connected_app_not_allowed_for_org']]
  }
]

/** Answers that are no rule of an operation, or of none that can be called. */
export const elsewhere: Readonly<Partial<Record<ErrorType, string>>> = {
  route_not_found: 'a path that is of no operation',
  internal_server_error: 'a fault, and no rule',
  breached_password: 'said by a service that must be configured: breached-passwords.test.ts',
  no_signup_redirect_url: 'a project without URLs lacks that of the log-in first',
  invalid_rbac_role_id: 'about the policy of a project, which a seed says',
  invalid_stytch_prefixed_resource: 'about the policy of a project, which a seed says',
  rbac_resource_duplicate: 'about the policy of a project, which a seed says'
}

function redirectFieldsOf(operation: OperationName): readonly string[] {
  return ['login', 'signup', 'invite', 'discovery', 'reset_password']
    .map((name) => `${name}_redirect_url`)
    .filter((field) => taking(field).includes(operation))
}

function expirationFieldsOf(operation: OperationName): readonly string[] {
  return ['login', 'invite', 'discovery', 'reset_password']
    .map((name) => `${name}_expiration_minutes`)
    .filter((field) => taking(field).includes(operation))
}
