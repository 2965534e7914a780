/** A browser as far as its cookies go: it sends what it has, and takes what an answer sets when a test lets it. */
export interface CookieJar {
  get(name: string): string | undefined
  /** The `Cookie` header of a request that is sent now. */
  header(): string
  /** Sends a request with the cookies of this moment. Its answer changes none until it is taken. */
  send(method: 'GET' | 'POST', path: string, body?: object): Promise<SentAnswer>
  take(answer: SentAnswer): void
  /** Sends, and takes the answer. */
  visit(method: 'GET' | 'POST', path: string, body?: object): Promise<SentAnswer>
  /** Drops a cookie, as a person does who looks into the settings. */
  drop(name: string): void
  /** The same cookies in another browser. */
  copy(): CookieJar
}

export interface SentAnswer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

export function createCookieJar(url: string, held: ReadonlyMap<string, string> = new Map()) {
  const cookies = new Map(held)
  const header = () => [...cookies].map(([name, value]) => `${name}=${value}`).join('; ')

  const jar: CookieJar = {
    get: (name) => cookies.get(name),
    header,
    async send(method, path, body) {
      const answer = await fetch(new URL(path, url), {
        method,
        redirect: 'manual',
        headers: {
          ...(cookies.size > 0 && { cookie: header() }),
          ...(body !== undefined && { 'content-type': 'application/json' })
        },
        ...(body !== undefined && { body: JSON.stringify(body) })
      })
      const text = await answer.text()
      const isJson = answer.headers.get('content-type')?.includes('json')
      return {
        status: answer.status,
        headers: answer.headers,
        body: isJson && text !== '' ? JSON.parse(text) : text
      }
    },
    take({ headers }) {
      for (const cookie of headers.getSetCookie()) {
        const [pair = ''] = cookie.split(';', 1)
        const at = pair.indexOf('=')
        if (/;\s*Max-Age=0\b/i.test(cookie)) cookies.delete(pair.slice(0, at))
        else cookies.set(pair.slice(0, at), pair.slice(at + 1))
      }
    },
    async visit(method, path, body) {
      const answer = await jar.send(method, path, body)
      jar.take(answer)
      return answer
    },
    drop: (name) => void cookies.delete(name),
    copy: () => createCookieJar(url, cookies)
  }
  return jar
}
