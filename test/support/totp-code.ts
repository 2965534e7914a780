import { TOTP } from 'otpauth'

/** What an authenticator app shows at the moment. */
export function totpCode(secret: string, now: number): string {
  return new TOTP({ secret }).generate({ timestamp: now })
}
