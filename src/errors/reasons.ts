/**
 * Why a request is denied, for the people who run the app: finer than `code`, which its caller is told. The list stands
 * once, here; each reason has the sentence that events carry as `detail`.
 */
export const refusalReasons = {
  // What the request presents.
  no_credential: 'The request presents no session where this guard looks for one.',
  duplicate_header: 'A header that decides was sent more than once.',
  duplicate_cookie: 'A session cookie was sent more than once, with different values.',
  malformed_credential: 'What was presented does not have the form of a session token or JWT.',
  no_pending_sign_in: 'The request carries no pending sign-in.',
  sign_in_over: 'The pending sign-in has expired, or was finished or replaced.',

  // Requests from other sites.
  cross_site: 'Sec-Fetch-Site says that a page of another site sent the request.',
  foreign_origin: 'Origin is neither that of this app nor a trusted one.',
  origin_not_configured: 'The option origin is not set, so that no Origin can be recognised.',
  origin_not_sent: 'With csrf: strict, Origin or Sec-Fetch-Site must be sent.',

  // The session JWT.
  malformed_jwt: 'The session JWT cannot be read.',
  unknown_key: 'The session JWT names a key that the key set does not have.',
  wrong_signature: 'The session JWT is not signed by the key that it names.',
  wrong_issuer: 'The session JWT was issued by another authority or for another project.',
  wrong_audience: 'The session JWT is meant for another project.',
  wrong_claims: 'The session JWT lacks claims, or has claims of the wrong form.',
  jwt_expired: 'The session JWT has expired.',
  jwt_not_yet_valid: 'The session JWT is not valid yet.',
  jwt_too_old: 'The session JWT was issued too long ago for this call.',

  // The session.
  session_revoked_here: 'This process was told that the session has ended.',
  session_over_at_authority: 'The authority says that the session does not exist or has ended.',
  invalidated_while_checking: 'Sessions of the member were invalidated again during each check.',

  // What the member still lacks, and may not do.
  primary_factor_missing: 'The organization does not accept the primary factor so far.',
  second_factor_missing: 'The sign-in lacks its second factor.',
  organization_not_chosen: 'The sign-in has not chosen an organization yet.',
  factor_too_old: 'Too few factors were verified recently enough.',
  wrong_organization: 'The session is of another organization than the one that the guard names.',
  no_role_grants: 'No role of the session grants the action on the resource.',
  unknown_resource: 'The policy has no resource of this name.',
  unknown_action: 'The policy has no action of this name on the resource.',

  // The actions: MFA routes, switching and choosing organizations.
  malformed_body: 'The body is neither a JSON object nor a form.',
  body_too_large: 'The body is larger than 4 KB.',
  body_ended_early: 'The connection ended before the body did.',
  duplicate_field: 'A field of the form was sent more than once.',
  malformed_field: 'A field of the body has the wrong type.',
  no_organization_named: 'The request does not name the organization to enter.',
  wrong_organization_answered: 'What was named belongs to another organization.',
  rejected_by_authority: 'The authority rejected what was sent.',
  too_many_attempts: 'More was tried within ten minutes than this process allows.',
  too_many_attempts_at_authority: 'More was tried than the authority allows.',

  // Outages.
  authority_unreachable: 'No connection to the authority could be made, or it broke.',
  authority_timeout: 'The authority did not answer within timeoutMs.',
  authority_error_status: 'The authority answered with a status that says nothing of the session.',
  authority_call_failed: 'The client in use failed without an answer of the authority.',
  unreadable_answer: 'The answer of the authority is too large, or not of the expected shape.',
  answer_mismatch: 'The authority answered about another session.',
  held_back_by_breaker: 'Remote checks are held back, because the last ones all failed.',
  budget_exhausted: 'Too many unverified tokens were denied lately.',
  too_many_remote_checks: 'Too many unverified tokens are being checked remotely.',
  keys_unavailable:
    'The key set cannot be fetched, and the remote check in its place failed as well.',
  policy_unavailable: 'The policy cannot be fetched.'
} as const satisfies Record<string, string>

export type RefusalReason = keyof typeof refusalReasons
