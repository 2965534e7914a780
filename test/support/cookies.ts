/** The cookies that an answer sets, by name. */
export type Jar = Record<string, { value: string; flags: string[] }>

export function cookiesOf({ headers }: { headers: Record<string, unknown> }): Jar {
  const list = ([headers['set-cookie']].flat() as (string | undefined)[]).filter(
    (cookie) => cookie !== undefined
  )
  return Object.fromEntries(
    list.map((cookie) => {
      const [pair = '', ...flags] = cookie.split('; ')
      const at = pair.indexOf('=')
      return [pair.slice(0, at), { value: pair.slice(at + 1), flags: flags.sort() }]
    })
  )
}

export const sessionOf = (jar: Jar) => pick(jar, /stytch_session/)
export const pendingOf = (jar: Jar) => pick(jar, /sign_in|intermediate/)

function pick(jar: Jar, pattern: RegExp): string {
  return Object.entries(jar)
    .filter(([name]) => pattern.test(name))
    .map(([name, { value }]) => `${name}=${value}`)
    .join('; ')
}
