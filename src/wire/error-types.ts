/** An error of the API: its HTTP status and its sentence. `b2b` marks the types whose documentation lives on the B2B pages. */
interface ErrorEntry {
  readonly status: 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 500 | 501 | 503
  readonly message: string
  readonly b2b?: true
}

/** Every error that the authority answers, by `error_type`. Clients switch on the type, never on the sentence. */
export const errorTypes = {
  // Transport
  route_not_found: { status: 404, message: 'The route provided is not supported.' },
  method_not_allowed: { status: 405, message: 'The method is not allowed on this route.' },
  not_implemented: { status: 501, message: 'This server does not answer this call yet.' },
  invalid_argument: { status: 400, message: 'The request has an invalid argument.' },
  request_too_large: { status: 413, message: 'The request body is too large.' },
  unsupported_media_type: { status: 415, message: 'The request body must be application/json.' },
  invalid_authorization_header: {
    status: 401,
    message: 'The Authorization header must be Basic, of the project id and its secret.'
  },
  invalid_project_id_authentication: {
    status: 400,
    message:
      'The project ID in the basic authentication header is invalid. Check its format and that it has no trailing whitespace.'
  },
  unauthorized_credentials: { status: 401, message: 'Unauthorized credentials.' },
  too_many_requests: { status: 429, message: 'Too many requests have been made.' },
  internal_server_error: { status: 500, message: 'Oops, something seems to have gone wrong.' },
  server_unavailable: {
    status: 503,
    message: 'The server cannot answer right now. Please retry the request.'
  },
  project_not_found: { status: 404, message: 'Project could not be found.' },

  // Sessions
  session_not_found: { status: 404, message: 'Session could not be found.' },
  invalid_session_token: { status: 400, message: 'Session token format is invalid.' },
  no_session_arguments: {
    status: 400,
    message: 'The request needs a session_token or a session_jwt.'
  },
  too_many_session_arguments: {
    status: 400,
    message: 'The request must name its session in exactly one way.'
  },
  no_session_revoke_arguments: {
    status: 400,
    message: 'The request needs one of member_session_id, session_token, session_jwt and member_id.'
  },
  too_many_session_revoke_arguments: {
    status: 400,
    message:
      'The request takes only one of member_session_id, session_token, session_jwt and member_id.'
  },
  unable_to_parse_session_jwt: { status: 400, message: 'The session JWT could not be parsed.' },
  invalid_session_duration_minutes: {
    status: 400,
    message: 'session_duration_minutes is invalid, should be between 5 to 527040 minutes.'
  },
  member_session_member_id_mismatch: {
    status: 400,
    message: 'The session belongs to another member than the request names.'
  },
  custom_claims_too_large: {
    status: 400,
    message: 'The custom claims of the session exceed four kilobytes.'
  },
  stytch_claims_in_custom_claims: {
    status: 400,
    message: 'Custom claims must not start with https://stytch.com/.'
  },
  session_authorization_error: {
    status: 403,
    message: 'The Member is not authorized to perform the requested action on that resource.',
    b2b: true
  },
  session_authorization_tenancy_error: {
    status: 403,
    message:
      "OrganizationID in AuthorizationCheck request does not match session's Organization ID",
    b2b: true
  },
  insufficient_factors: {
    status: 401,
    message: 'The member must be signed in with an existing MFA factor to call this.'
  },

  // Intermediate sessions and sign-in
  intermediate_session_not_found: {
    status: 404,
    message: 'Intermediate session could not be found.',
    b2b: true
  },
  invalid_intermediate_session_token_for_organization: {
    status: 400,
    message: 'The intermediate session belongs to another organization.'
  },
  action_available_only_once_primary_authentication_is_met: {
    status: 400,
    message:
      'You must complete the primary authentication requirements for an organization before completing an MFA flow.'
  },
  action_available_only_for_active_members: {
    status: 400,
    message: 'You may not attach an MFA factor to a member that is not active.'
  },
  operation_restricted_by_organization_auth_methods: {
    status: 403,
    message: 'The organization does not allow this authentication method.'
  },
  operation_restricted_by_organization_mfa_methods: {
    status: 403,
    message: 'The organization does not allow this MFA method.'
  },
  email_jit_provisioning_not_allowed: {
    status: 403,
    message: 'The organization does not admit members by the domain of an email address.'
  },
  invalid_email_for_jit_provisioning: {
    status: 403,
    message: 'The organization does not let this email address join by its domain.'
  },
  invalid_oauth_tenant_for_jit_provisioning: {
    status: 403,
    message: 'The organization does not let members of this OAuth tenant join.'
  },
  action_not_allowed_email_domain_is_claimed: {
    status: 400,
    message: 'Another organization claims the domain of the email address.'
  },
  user_lock_limit_reached: {
    status: 429,
    message:
      'The user has been locked out due to too many failed authentication attempts. Please try again later.'
  },
  invalid_locale: { status: 400, message: 'locale is invalid.' },
  invalid_email: { status: 400, message: 'Email format is invalid.' },

  // Links
  invalid_token: { status: 400, message: 'Token format is invalid.' },
  pkce_expected_code_verifier: {
    status: 400,
    message:
      'This flow was started using a code_challenge but the authentication call is missing the corresponding code_verifier.'
  },
  pkce_mismatch: {
    status: 400,
    message:
      'The submitted code_verifier does not match the code_challenge sent at the start of the flow.'
  },
  pkce_did_not_expect_code_verifier: {
    status: 400,
    message: 'This flow was started without a code_challenge, so it takes no code_verifier.'
  },
  invalid_pkce_code_challenge: {
    status: 400,
    message: 'The code_challenge must be the SHA-256 of the code_verifier in base64url.'
  },
  invalid_pkce_code_verifier: {
    status: 400,
    message: 'The code_verifier must be 43 to 128 unreserved characters.'
  },

  // Magic links and codes by e-mail
  invalid_email_for_invites: {
    status: 403,
    message: 'The organization does not allow to invite this address.'
  },
  magic_link_not_found: {
    status: 404,
    message:
      'The magic link could not be authenticated, try sending another magic link to the user.'
  },
  unable_to_auth_magic_link: {
    status: 401,
    message:
      'The magic link could not be authenticated because it was either already used or expired. Send another magic link to this user.'
  },
  no_match_for_provided_magic_link_url: {
    status: 400,
    message: 'The URL in the request did not match any redirect URLs set for this project.'
  },
  no_login_redirect_url: {
    status: 400,
    message: 'The request has no login_redirect_url, and the project has no redirect URL.'
  },
  no_signup_redirect_url: {
    status: 400,
    message: 'The request has no signup_redirect_url, and the project has no redirect URL.'
  },
  no_invite_redirect_url: {
    status: 400,
    message: 'The request has no invite_redirect_url, and the project has no redirect URL.'
  },
  no_discovery_redirect_url: {
    status: 400,
    message: 'The request has no discovery_redirect_url, and the project has no redirect URL.'
  },
  invalid_expiration_otp: { status: 400, message: 'The expiration of the code is out of range.' },
  email_updates_available_only_for_active_members: {
    status: 400,
    message: 'Only an active member can change the email.'
  },
  member_has_no_active_verified_email: {
    status: 400,
    message: 'Only a member with a verified email can change it.'
  },
  desired_email_updating_for_different_member: {
    status: 400,
    message: 'Another member of this organization is about to take the specified email.'
  },
  desired_email_deactivated_by_different_member: {
    status: 400,
    message: 'Another member of this organization had the specified email before.'
  },
  unable_to_verify_member_email_update: {
    status: 400,
    message: 'The email was taken by another member before it was verified.'
  },

  // TOTP and recovery codes
  active_totp_exists: {
    status: 400,
    message:
      'Cannot create a new TOTP for the specified user since the user already has an active TOTP. Users may only have one active TOTP at a time.'
  },
  totp_not_found: { status: 404, message: 'TOTP could not be found.' },
  expired_totp: {
    status: 400,
    message: 'The TOTP registration was not authenticated in time. Create a new one.'
  },
  invalid_totp_code: { status: 400, message: 'TOTP code format is invalid.' },
  unable_to_authenticate_totp: {
    status: 401,
    message: 'The TOTP code could not be authenticated.'
  },
  totp_code_already_authenticated: {
    status: 401,
    message:
      'This TOTP code has already been authenticated. Please attempt with the next generated code.'
  },
  recovery_code_used_as_totp_code: {
    status: 400,
    message: 'A recovery code was given where a TOTP code is expected.'
  },
  recovery_codes_not_found: { status: 404, message: 'Recovery codes could not be found.' },
  invalid_recovery_code: { status: 400, message: 'Recovery code format is invalid.' },
  unable_to_authenticate_recovery_code: {
    status: 401,
    message: 'The recovery code could not be authenticated.'
  },
  totp_code_used_as_recovery_code: {
    status: 400,
    message: 'A TOTP code was given where a recovery code is expected.'
  },
  invalid_expiration: { status: 400, message: 'The expiration is out of range.' },

  // One-time codes
  invalid_phone_number: {
    status: 400,
    message: 'Phone number format is invalid. Ensure the phone number is in the E.164 format.'
  },
  invalid_phone_number_country_code: {
    status: 400,
    message: "The phone number's country code is invalid, unsupported, or disabled."
  },
  phone_number_not_found: { status: 404, message: 'Phone Number could not be found.' },
  invalid_code: { status: 400, message: 'Code format is invalid.' },
  otp_code_not_found: {
    status: 404,
    message:
      'The passcode was incorrect and could not be authenticated, encourage the user to try inputting the passcode again or send another passcode.'
  },
  unable_to_auth_otp_code: {
    status: 401,
    message:
      'The passcode could not be authenticated because it was either already used or expired. Send another passcode to this user.'
  },
  duplicate_member_phone_number: {
    status: 400,
    message: 'A member with the specified phone number already exists for this organization.'
  },
  duplicate_member_phone_number_for_member: {
    status: 400,
    message: 'The member already has another phone number.'
  },

  // Passwords
  weak_password: { status: 400, message: "password doesn't meet our strength requirements." },
  breached_password: {
    status: 400,
    message: 'password appears in a list of breached passwords.'
  },
  unable_to_auth_password_reset_token: {
    status: 401,
    message:
      'The password reset token could not be authenticated because it was already used, expired or never valid.'
  },
  no_password_reset_redirect_url: {
    status: 400,
    message: 'The request names no reset_password_redirect_url, and the project has none.'
  },
  invalid_password_reset_redirect_url: {
    status: 400,
    message: 'The redirect URL in the request does not match any redirect URL set for this project.'
  },
  session_too_old_to_reset_password: {
    status: 400,
    message:
      'The provided session cannot be used to reset a password. It does not have an authentication_factor that was authenticated within the last 5 minutes. Please prompt the user to authenticate again before retrying the endpoint.'
  },
  password_already_exists: { status: 400, message: 'The member already has a password.' },
  invalid_hash_type: { status: 400, message: 'The hash type is invalid or not supported.' },
  invalid_bcrypt_hash: { status: 400, message: 'The bcrypt hash is invalid.' },
  invalid_bcrypt_cost: { status: 400, message: 'The cost of the bcrypt hash is out of range.' },
  invalid_argon_2_hash: {
    status: 400,
    message: 'The argon2 hash or its configuration is invalid.'
  },
  argon_2_key_length_mismatch: {
    status: 400,
    message: "The key_length value doesn't match the length of the provided hash."
  },
  invalid_scrypt_hash: { status: 400, message: 'The scrypt hash or its configuration is invalid.' },
  scrypt_key_length_mismatch: {
    status: 400,
    message: "The key_length value doesn't match the length of the provided hash."
  },
  invalid_md_5_hash: { status: 400, message: 'The MD5 hash is invalid.' },
  invalid_sha_1_hash: { status: 400, message: 'The SHA-1 hash is invalid.' },
  invalid_sha_512_hash: { status: 400, message: 'The SHA-512 hash is invalid.' },
  invalid_pbkdf_2_hash: {
    status: 400,
    message: 'The PBKDF2 hash or its configuration is invalid.'
  },
  pbkdf_2_key_length_mismatch: {
    status: 400,
    message: "The key_length value doesn't match the length of the provided hash."
  },
  invalid_phpass_hash_prefix: {
    status: 400,
    message: 'A phpass hash begins with $P$ or $H$.'
  },
  invalid_phpass_hash_format: { status: 400, message: 'The phpass hash is invalid.' },

  // Other identity providers
  trusted_token_profile_not_found: {
    status: 404,
    message: 'Trusted auth token profile could not be found.'
  },
  invalid_trusted_auth_token: { status: 401, message: 'The trusted auth token is invalid.' },
  jwt_invalid_issuer: { status: 401, message: 'The JWT has another issuer than expected.' },
  jwt_invalid_audience: { status: 401, message: 'The JWT has another audience than expected.' },
  jwt_invalid_claims: { status: 401, message: 'The claims of the JWT are invalid.' },
  token_missing_organization_id_claim: {
    status: 400,
    message: 'The token names no organization, and the request cannot stand in for it.'
  },
  invalid_token_organization_id_claim: {
    status: 400,
    message: 'The token names another organization than the request.'
  },
  migrate_from_external_unexpected_response: {
    status: 400,
    message: 'The UserInfo endpoint did not answer with the claims of a user.'
  },
  migrate_from_external_missing_userinfo: {
    status: 400,
    message: 'There is no UserInfo with a verified email address to be had.'
  },
  migrate_from_external_email_does_not_exist: {
    status: 404,
    message: 'No active member of the organization has the email address of the UserInfo.'
  },

  // Connected apps
  connected_app_not_found: { status: 404, message: 'Connected App could not be found.' },
  connected_app_not_allowed_for_org: {
    status: 403,
    message: 'The organization does not allow this Connected App.'
  },
  third_party_clients_cannot_use_full_access: {
    status: 400,
    message: 'Only first party Connected Apps can use the scope full_access.'
  },
  invalid_redirect_uri: {
    status: 400,
    message: 'The redirect_uri is none of the redirect URLs of the Connected App.'
  },
  idp_access_token_not_found: { status: 404, message: 'The access token could not be found.' },
  idp_access_token_could_not_be_exchanged: {
    status: 404,
    message: 'The access token could not be exchanged.'
  },
  idp_access_token_expired: { status: 401, message: 'The access token has expired.' },
  connected_app_consent_revoked: {
    status: 401,
    message:
      "The Connected App's permission has been revoked. Complete another authorization flow to re-enable access."
  },
  oauth_access_token_exchange_missing_full_access: {
    status: 400,
    message: 'The access token does not have the scope full_access.'
  },
  oauth_access_token_exchange_token_too_old: {
    status: 400,
    message: 'The access token was issued more than five minutes ago.'
  },

  // Organizations and members
  organization_not_found: { status: 404, message: 'Organization could not be found.' },
  member_not_found: { status: 404, message: 'Member could not be found.' },
  organization_name_missing: {
    status: 400,
    message: 'The organization_name is missing.',
    b2b: true
  },
  invalid_organization_name: {
    status: 400,
    message: 'The organization_name must be 1 to 128 characters long, and not all blanks.',
    b2b: true
  },
  invalid_organization_slug: {
    status: 400,
    message:
      "The organization_slug must be at least 2 characters long and may only contain alphanumerics and the reserved characters '-', '.', '_', or '~'. At least one character must be alphanumeric.",
    b2b: true
  },
  organization_slug_already_used: {
    status: 400,
    message: 'The provided organization_slug is already used in another organization.',
    b2b: true
  },
  invalid_organization_external_id: {
    status: 400,
    message: 'The organization_external_id is invalid.',
    b2b: true
  },
  organization_external_id_already_used: {
    status: 400,
    message: 'The provided organization_external_id is already used in another organization.',
    b2b: true
  },
  invalid_organization_auth_factor_setting: {
    status: 400,
    message:
      "The value provided isn't valid. Valid values are 'NOT_ALLOWED', 'RESTRICTED', or 'ALL_ALLOWED'.",
    b2b: true
  },
  invalid_organization_auth_factor_setting_for_oauth_tenant_jit_provisioning: {
    status: 400,
    message: "Allowed OAuth tenants must be set for a 'RESTRICTED' oauth_tenant_jit_provisioning.",
    b2b: true
  },
  invalid_organization_allowed_auth_methods: {
    status: 400,
    message: 'The allowed_auth_methods hold an unknown method.',
    b2b: true
  },
  allowed_auth_methods_required_for_restricted: {
    status: 400,
    message: "Allowed auth methods must be set for 'RESTRICTED' auth methods",
    b2b: true
  },
  invalid_organization_mfa_policy: {
    status: 400,
    message: "The mfa_policy must be 'OPTIONAL' or 'REQUIRED_FOR_ALL'.",
    b2b: true
  },
  invalid_organization_mfa_factor_setting: {
    status: 400,
    message: "The mfa_methods must be 'ALL_ALLOWED' or 'RESTRICTED'.",
    b2b: true
  },
  invalid_organization_allowed_mfa_methods: {
    status: 400,
    message: 'The allowed_mfa_methods hold an unknown method.',
    b2b: true
  },
  allowed_mfa_methods_required_for_restricted: {
    status: 400,
    message: "Allowed MFA methods must be set for 'RESTRICTED' MFA methods",
    b2b: true
  },
  invalid_restricted_email_setting: {
    status: 400,
    message: "Allowed domains must be set for a 'RESTRICTED' email setting.",
    b2b: true
  },
  organization_settings_invalid_domain: {
    status: 400,
    message: 'A domain of the organization settings is invalid.',
    b2b: true
  },
  organization_settings_domain_too_common: {
    status: 400,
    message: 'A domain of the organization settings belongs to a common e-mail provider.',
    b2b: true
  },
  metadata_invalid_format: { status: 400, message: 'Metadata must be a JSON object.' },
  metadata_too_large: { status: 400, message: 'Metadata must not exceed four kilobytes.' },
  metadata_too_many_keys: { status: 400, message: 'Metadata must not have more than 20 keys.' },
  duplicate_member_email: {
    status: 400,
    message: 'A member with the specified email already exists for this organization.'
  },
  retired_member_email: {
    status: 400,
    message: 'Another member of this organization had the specified email before.'
  },
  duplicate_member_external_id: {
    status: 400,
    message: 'A member with the specified external_id already exists for this organization.'
  },
  no_deleted_member_found_for_reactivation: {
    status: 404,
    message: 'There is no deleted member with this id in the organization.'
  },
  no_deleted_member_found: {
    status: 404,
    message: 'There is no deleted member with this id in the organization.'
  },
  email_unverified_for_reactivation: {
    status: 400,
    message: 'A member without a verified email cannot be reactivated.'
  },
  reactivation_email_belongs_to_another_member: {
    status: 400,
    message: 'The email of the deleted member belongs to another member by now.'
  },
  member_phone_number_not_found: { status: 404, message: 'The member has no MFA phone number.' },
  password_not_found: { status: 404, message: 'Password could not be found.' },
  retired_email_missing_email_identifiers: {
    status: 400,
    message: 'The request needs an email_id, an email_address or both.'
  },
  email_not_found: { status: 404, message: 'Email could not be found.' },
  invalid_member_get_fields: {
    status: 400,
    message: 'The request needs exactly one of member_id and email_address.'
  },
  default_mfa_member_missing_factor: {
    status: 400,
    message: 'The member has no such MFA factor to be the default.'
  },
  invalid_mfa_default_method: {
    status: 400,
    message: "The default_mfa_method must be 'sms_otp' or 'totp'."
  },
  cannot_update_trusted_metadata: {
    status: 401,
    message: 'Trusted metadata cannot be updated with a member session.'
  },
  member_cannot_update_their_email_address: {
    status: 403,
    message: 'A member cannot update the own email_address with a member session.'
  },
  member_search_organization_ids_empty: {
    status: 400,
    message: 'A member search needs at least one organization id.'
  },
  organization_search_filter_name_not_recognized: {
    status: 400,
    message: 'The organization search operand filter_name was not recognized.',
    b2b: true
  },
  member_search_filter_name_not_recognized: {
    status: 400,
    message: 'The member search operand filter_name was not recognized.',
    b2b: true
  },
  search_invalid_filter_value: {
    status: 400,
    message: 'The filter_value of a search operand has the wrong type.',
    b2b: true
  },
  search_invalid_cursor: { status: 400, message: 'The search cursor is invalid.', b2b: true },

  // RBAC
  invalid_role: { status: 400, message: 'The role does not exist.' },
  too_many_roles: { status: 400, message: 'Too many roles, or role ids that are too long.' },
  rbac_invalid_domain: { status: 400, message: 'A domain of the implicit roles is invalid.' },
  rbac_domain_too_common: {
    status: 400,
    message: 'A domain of the implicit roles belongs to a common e-mail provider.'
  },
  invalid_rbac_role_id: {
    status: 400,
    message: 'The id of a custom role must not start with stytch.'
  },
  invalid_stytch_prefixed_resource: {
    status: 400,
    message: 'The id of a custom resource must not start with stytch.'
  },
  invalid_permission_resource: {
    status: 400,
    message: 'A permission names a resource that does not exist.'
  },
  invalid_permission_action: {
    status: 400,
    message: 'A permission names an action that its resource does not have.'
  },
  cannot_specify_wildcard_with_other_actions: {
    status: 400,
    message: 'The wildcard action must stand alone.'
  },
  rbac_role_duplicate: { status: 400, message: 'A role id is used twice.' },
  rbac_resource_duplicate: { status: 400, message: 'A resource id is used twice.' },
  rbac_org_custom_roles_only: {
    status: 400,
    message: 'An organization policy must not redefine roles of the project.'
  },
  rbac_role_removed: {
    status: 400,
    message: 'A role of this id was removed before, and members still have it assigned.'
  }
} as const satisfies Record<string, ErrorEntry>

export type ErrorType = keyof typeof errorTypes

export function isErrorType(text: string): text is ErrorType {
  return Object.hasOwn(errorTypes, text)
}

/** The error body of the API: what `ApiError` carries on the side of the client. */
export interface ErrorBody {
  status_code: number
  request_id: string
  error_type: string
  error_message: string
  error_url: string
}

/** The body of an error. `detail` replaces the sentence where it can say which field is wrong. */
export function errorBody(type: ErrorType, requestId: string, detail?: string): ErrorBody {
  const entry: ErrorEntry = errorTypes[type]
  const page = entry.b2b
    ? 'https://stytch.com/docs/b2b/api/errors'
    : 'https://stytch.com/docs/api/errors'
  return {
    status_code: entry.status,
    request_id: requestId,
    error_type: type,
    error_message: detail ?? entry.message,
    error_url: `${page}/${entry.status}#${type}`
  }
}
