/** Capitals only: no one-time code, token, e-mail address, number or credential looks like that. */
const form = /^[A-Z_]{1,40}$/
const maxCauses = 5

/** Why something failed, in a word that cannot hold personal data: the first plain code of an error and its causes. */
export function plainCodeOf(error: unknown): string {
  let current: unknown = error
  for (let depth = 0; depth < maxCauses; depth += 1) {
    const code = memberOf(current, 'code')
    if (typeof code === 'string' && form.test(code)) return code
    if (memberOf(current, 'name') === 'TimeoutError') return 'TIMEOUT'
    current = memberOf(current, 'cause')
  }
  return 'FAILED'
}

/** What is thrown outside may be anything. */
function memberOf(error: unknown, name: string): unknown {
  return Reflect.get(Object(error), name)
}
