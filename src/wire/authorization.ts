/** A member session that a call is made with: the call then has that member's permissions, no more. */
export interface Authorization {
  readonly session_token?: string
  readonly session_jwt?: string
}

/** The headers that carry an {@link Authorization} beside the project's credentials. */
export const authorizationHeaders = {
  session_token: 'X-Stytch-Member-Session',
  session_jwt: 'X-Stytch-Member-SessionJWT'
} as const satisfies Record<keyof Authorization, string>
