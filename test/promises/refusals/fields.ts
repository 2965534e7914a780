import type { OperationName } from '../../../src/wire/routes.ts'
import {
  changed,
  fieldsOf,
  isInUrl,
  isRequired,
  operations,
  type Rejection,
  type Rule,
  routeOf,
  taking
} from './rule.ts'

type Malformed = readonly (readonly [
  value: unknown,
  rejects?: Rejection | ((operation: OperationName) => Rejection)
])[]

const malformed = '400 invalid_argument'
const tooLong = (length: number) => 'x'.repeat(length + 1)

const identifier: Malformed = [[5], [{ toString: 'x' }], [tooLong(256)], ['']]
const credential: Malformed = [[5], [['x']], [tooLong(16_384)]]
const flag: Malformed = [['true'], [1]]
const template: Malformed = [[5], [tooLong(128)]]
const redirectUrl: Malformed = [[5], [tooLong(2048)]]
const ids: Malformed = [['x'], [[5]], [['']]]
const password: Malformed = [[5], [''], ['ä'.repeat(600)]]
const phoneNumber: Malformed = ['12', '12025550100', '+0', '+1202555010000000', 5].map((value) => [
  value,
  '400 invalid_phone_number'
])
const emailAddress: Malformed = [
  'no address',
  'a@b.example\r\nBcc: c@d.example',
  `${tooLong(254)}@b.example`,
  5,
  ['a@b.example']
].map((value) => [value, '400 invalid_email'])
const challenge: Malformed = [
  [5, '400 invalid_pkce_code_challenge'],
  ['x', '400 invalid_pkce_code_challenge']
]
const verifier: Malformed = [
  [5, '400 invalid_pkce_code_verifier'],
  ['x', '400 invalid_pkce_code_verifier']
]
const linkMinutes: Malformed = [4, 10_081, 5.5, '60'].map((value) => [
  value,
  '400 invalid_expiration'
])
/** Codes by e-mail are good for minutes, links for days. */
const minutes: Malformed = [1, 10_081, 5.5, '10'].map((value) => [
  value,
  (operation) =>
    operation.startsWith('otps') ? '400 invalid_expiration_otp' : '400 invalid_expiration'
])
const factorSetting: Malformed = ['all_allowed', 'NEVER', 5].map((value) => [
  value,
  '400 invalid_organization_auth_factor_setting'
])
const domains: Malformed = [
  ['x'],
  [['no domain'], '400 organization_settings_invalid_domain'],
  [[5], '400 organization_settings_invalid_domain']
]
const metadata: Malformed = ['x', ['x']].map((value) => [
  value,
  (operation) =>
    taking('organization_name').includes(operation) ? '400 metadata_invalid_format' : malformed
])
const salted: Malformed = [['x'], [{ prepend_salt: 5 }]]

/**
 * What no request may have in its fields: every operation that takes the field rejects it. A field that takes whatever
 * it is given has none. What a rule forbids that is well formed stands with that rule.
 */
export const malformedFields: Readonly<Record<string, Malformed>> = {
  access_token: credential,
  allowed_auth_methods: [['x'], [['pigeon'], '400 invalid_organization_allowed_auth_methods']],
  allowed_first_party_connected_apps: ids,
  allowed_mfa_methods: [['x'], [['pigeon'], '400 invalid_organization_allowed_mfa_methods']],
  allowed_oauth_tenants: [['x'], [{ google: ['x'] }], [{ slack: 'x' }]],
  allowed_third_party_connected_apps: ids,
  argon_2_config: [['x'], [{ salt: 'x' }]],
  auth_methods: [...factorSetting, ['NOT_ALLOWED', '400 invalid_organization_auth_factor_setting']],
  authorization_check: [['x'], [{ organization_id: 'x' }]],
  claimed_email_domains: domains,
  client_id: identifier,
  code: [5, tooLong(64)].map((value) => [
    value,
    (operation) => (operation.startsWith('otps.email') ? '400 invalid_code' : malformed)
  ]),
  code_challenge: [5, 'x'].map((value) => [
    value,
    (operation) =>
      operation === 'idp.oauth.authorize' ? malformed : '400 invalid_pkce_code_challenge'
  ]),
  code_verifier: verifier,
  connected_app_id: identifier,
  consent_granted: flag,
  create_member_as_pending: flag,
  cursor: [[5], [tooLong(512)]],
  default_mfa_method: [
    ['pigeon', '400 invalid_mfa_default_method'],
    [5, '400 invalid_mfa_default_method']
  ],
  delivery_method: [['PIGEON'], [5]],
  discovery_expiration_minutes: minutes,
  discovery_magic_links_token: credential,
  discovery_redirect_url: redirectUrl,
  email_address: emailAddress,
  email_allowed_domains: domains,
  email_id: identifier,
  email_invites: factorSetting,
  email_jit_provisioning: [
    ...factorSetting,
    ['ALL_ALLOWED', '400 invalid_organization_auth_factor_setting']
  ],
  existing_password: password,
  expiration_minutes: [4, 1441, 5.5, '60'].map((value) => [value, '400 invalid_expiration']),
  external_id: [[5], [''], ['a b'], ['...'], [tooLong(128)]],
  first_party_connected_apps_allowed_type: factorSetting,
  hash: [[5], [''], [tooLong(1024)]],
  hash_type: [
    [5, '400 invalid_hash_type'],
    ['', '400 invalid_hash_type']
  ],
  include_deleted: [['perhaps']],
  intermediate_session_token: credential,
  invite_expiration_minutes: linkMinutes,
  invite_redirect_url: redirectUrl,
  invite_template_id: template,
  invited_by_member_id: identifier,
  is_breakglass: flag,
  limit: [['x'], [0], [1001], [1.5]],
  locale: [
    ['xx-YY', '400 invalid_locale'],
    [5, '400 invalid_locale']
  ],
  login_expiration_minutes: minutes,
  login_redirect_url: redirectUrl,
  login_template_id: template,
  magic_links_token: credential,
  md_5_config: salted,
  member_id: identifier,
  member_password_id: identifier,
  member_session_id: identifier,
  mfa_enrolled: flag,
  mfa_methods: [
    ['all_allowed', '400 invalid_organization_mfa_factor_setting'],
    ['NOT_ALLOWED', '400 invalid_organization_mfa_factor_setting']
  ],
  mfa_phone_number: phoneNumber,
  mfa_policy: [
    ['SOMETIMES', '400 invalid_organization_mfa_policy'],
    [5, '400 invalid_organization_mfa_policy']
  ],
  name: [[5], [tooLong(256)]],
  new_password: password,
  nonce: [[5], [''], [tooLong(512)]],
  oauth_tenant_jit_provisioning: [
    ...factorSetting,
    ['ALL_ALLOWED', '400 invalid_organization_auth_factor_setting']
  ],
  org_policy: [['x'], [{}], [{ roles: [{}] }], [{ roles: 'x' }]],
  organization_external_id: [5, '', 'a b', '...', tooLong(128)].map((value) => [
    value,
    '400 invalid_organization_external_id'
  ]),
  organization_id: identifier,
  organization_ids: [
    ['x'],
    [[5]],
    [Array(101).fill('x')],
    [[], '400 member_search_organization_ids_empty']
  ],
  organization_logo_url: [[5], [tooLong(2048)]],
  organization_name: [5, '', ' \t\n\u00a0', tooLong(128)].map((value) => [
    value,
    '400 invalid_organization_name'
  ]),
  organization_slug: [5, 'x', 'a b', '..', tooLong(128)].map((value) => [
    value,
    '400 invalid_organization_slug'
  ]),
  password,
  password_reset_token: credential,
  pbkdf_2_config: [['x'], [{ salt: 'x' }]],
  pkce_code_challenge: challenge,
  pkce_code_verifier: verifier,
  preserve_existing_sessions: flag,
  profile_id: identifier,
  project_id: [],
  prompt: [[5], [''], [tooLong(64)]],
  query: [['x'], [{ operator: 'XOR', operands: [] }], [{ operator: 'AND', operands: 'x' }]],
  rbac_email_implicit_role_assignments: [
    ['x'],
    [[{ domain: 'acme.example' }]],
    [[{ domain: 'no domain', role_id: 'reader' }], '400 rbac_invalid_domain']
  ],
  recovery_code: [
    [5],
    ['', '400 invalid_recovery_code'],
    [tooLong(128), '400 invalid_recovery_code']
  ],
  recovery_codes: [['x'], [[5]], [[' '], '400 invalid_recovery_code']],
  redirect_uri: [[5], [''], [tooLong(2048)]],
  reset_password_expiration_minutes: linkMinutes,
  reset_password_redirect_url: redirectUrl,
  reset_password_template_id: template,
  resources: [['x'], [[5]], [['']]],
  response_type: [['token'], [5]],
  roles: [['x'], [[5]], [['']], [Array(101).fill('reader'), '400 too_many_roles']],
  scopes: [['x'], [[5]], [['a b']]],
  scrypt_config: [['x'], [{ salt: 'x' }]],
  secret: [[5], [tooLong(256)], ['x'], ['JBSWY3DP'], ['1'.repeat(32)]],
  session_custom_claims: [['x'], [['x']]],
  session_duration_minutes: [4, 527_041, 5.5, '60', 'x'].map((value) => [
    value,
    '400 invalid_session_duration_minutes'
  ]),
  session_jwt: credential,
  session_token: credential,
  set_default_mfa: flag,
  set_mfa_enrollment: [['perhaps'], [true]],
  set_phone_number_verified: flag,
  sha_1_config: salted,
  sha_512_config: salted,
  signup_expiration_minutes: minutes,
  signup_redirect_url: redirectUrl,
  signup_template_id: template,
  sso_default_connection_id: [[5], [''], [tooLong(256)]],
  sso_jit_provisioning: factorSetting,
  sso_jit_provisioning_allowed_connections: ids,
  state: [[5], [tooLong(2048)]],
  telemetry_id: [[5], [tooLong(512)]],
  third_party_connected_apps_allowed_type: factorSetting,
  token: credential,
  trusted_metadata: metadata,
  unlink_email: flag,
  untrusted_metadata: metadata,
  verify_email_template_id: template
}

/** What a request without the field is answered, where it is not that an argument is invalid. */
const missing: Readonly<Record<string, Rejection>> = {
  'organizations.create organization_name': '400 organization_name_missing'
}

export const fieldRules: readonly Rule[] = [
  ...operations.flatMap((operation) =>
    Object.keys(fieldsOf(operation))
      .filter((field) => isRequired(operation, field) && !isInPath(operation, field))
      .map(
        (field): Rule => ({
          of: `a request without ${field}`,
          operations: [operation],
          rejects: missing[`${operation} ${field}`] ?? malformed,
          broken: (scene) => changed(scene, { [field]: undefined })
        })
      )
  ),
  ...Object.entries(malformedFields).flatMap(([field, samples]) =>
    samples.map(
      ([value, rejects = malformed]): Rule => ({
        of: `${field} ${shown(value)}`,
        operations: taking(field).filter((operation) => canCarry(operation, field, value)),
        rejects,
        broken: (scene) => changed(scene, { [field]: value })
      })
    )
  )
]

function isInPath(operation: OperationName, field: string): boolean {
  return routeOf(operation).path.includes(`{${field}}`)
}

/** A URL carries text alone, and a path no empty one. */
function canCarry(operation: OperationName, field: string, value: unknown): boolean {
  return !isInUrl(operation, field) || (typeof value === 'string' && value !== '')
}

function shown(value: unknown): string {
  const text = JSON.stringify(value)
  return text.length > 60 ? `of ${text.length} characters` : text
}
