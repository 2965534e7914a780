import { TOTP } from 'otpauth'

/** What an authenticator app shows at the moment. */
export function totpCode(secret: string, now: number): string {
  return new TOTP({ secret }).generate({ timestamp: now })
}

/** A code that is wrong now and in the steps beside. */
export function wrongCode(secret: string, epochMs: number): string {
  const near = [-30_000, 0, 30_000].map((offset) => totpCode(secret, epochMs + offset))
  return ['000000', '111111', '222222', '333333'].find((code) => !near.includes(code)) ?? ''
}

/** Another code than this one. */
export function otherThan(code: string): string {
  return code === '000000' ? '111111' : '000000'
}
