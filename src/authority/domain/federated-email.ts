/**
 * By what an address that another identity provider names counts as verified: `'claim'`, by an `email_verified` that is
 * `true`; `'vouched'`, also without one, because the provider gives out no address that it has not verified.
 */
export const emailVerifications = ['claim', 'vouched'] as const
export type EmailVerification = (typeof emailVerifications)[number]

/** Whether the provider says that the address is the person's. Where it says otherwise, it is not. */
export function isEmailVerified(
  claims: Readonly<Record<string, unknown>>,
  verification: EmailVerification
): boolean {
  return Object.hasOwn(claims, 'email_verified')
    ? claims.email_verified === true
    : verification === 'vouched'
}
