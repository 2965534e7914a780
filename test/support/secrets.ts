/** Members of requests and answers by which a session can be taken, or that would help to. */
const secretNames = new Set([
  'session_token',
  'session_jwt',
  'intermediate_session_token',
  'magic_links_token',
  'discovery_magic_links_token',
  'password_reset_token',
  'password',
  'existing_password',
  'new_password',
  'code',
  'secret',
  'qr_code',
  'recovery_code',
  'recovery_codes',
  'token',
  'link'
])

/** Every secret in a piece of JSON, however deep. */
export function secretsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, child]) =>
    secretNames.has(name) ? [child].flat().map(String) : secretsOf(child)
  )
}

/** A code of six digits stands in many a number by chance, so it must stand alone. */
export function holds(text: string, secret: string): boolean {
  if (!/^\d{6}$/.test(secret)) return text.includes(secret)
  return new RegExp(`(?<![\\w-])${secret}(?![\\w-])`).test(text)
}
