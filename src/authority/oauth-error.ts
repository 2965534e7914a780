/** What an OAuth client hears (RFC 6749 section 5.2, RFC 7662, RFC 7009), with its HTTP status. */
export const oauthErrors = {
  invalid_request: 400,
  invalid_client: 401,
  invalid_grant: 400,
  invalid_scope: 400,
  unsupported_grant_type: 400
} as const

export type OAuthErrorType = keyof typeof oauthErrors

/** Ends the call of an OAuth client. The description never repeats what the client sent. */
export class OAuthError extends Error {
  readonly error: OAuthErrorType
  readonly description: string

  constructor(error: OAuthErrorType, description: string) {
    super(error)
    this.error = error
    this.description = description
  }
}
