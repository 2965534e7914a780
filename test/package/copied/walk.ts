import { password } from '../../support/people.ts'
import type { Answerer, Call } from './observe.ts'
import type { TwoMembers } from './two-members.ts'

/** A route as a program registers it, below the path where its router may be mounted. */
export interface Route {
  readonly method: string
  readonly path: string
}

/** What a program says of the paths that it answers. */
export interface Paths {
  readonly routes: readonly Route[]
  /** What stands before routes: of routers that are mounted below a path. */
  readonly prefixes: readonly string[]
  /** Any other text that looks like a path. */
  readonly others: readonly string[]
}

/** A request, and all that came back: the status, the headers and the body. */
export interface Exchange {
  readonly route: Route
  readonly by: 'member' | 'admin' | 'page of another site'
  readonly text: string
}

const mfaPages = ['/', '/enroll', '/totp', '/sms', '/recovery', '/locked', '/step-up']
const mfaActions = ['/sms/send', '/sms', '/totp/create', '/totp', '/recovery', '/method']

export function pathsOf(code: string): Paths {
  const registered = code.matchAll(/\.(get|post|put|patch|delete|all)\(\s*'(\/[^'\s]*)'/g)
  const mounted = code.matchAll(/(?:\.use\(\s*|\bprefix: )'(\/[^'\s]*)'/g)
  const quoted = [...code.matchAll(/['"`](\/[\w/:-]*)['"`]/g)].map(([, path = '']) => path)
  const mfa = [...mfaPages, ...mfaActions].map((path) => `/mfa${path}`)
  return {
    routes: [...registered].map(([, method = '', path = '']) => ({
      method: method === 'all' ? 'POST' : method.toUpperCase(),
      path
    })),
    prefixes: ['', ...[...mounted].map(([, prefix = '']) => prefix)],
    others: [...new Set(['/', '/nowhere', ...quoted, ...(code.includes('mfaRoutes') ? mfa : [])])]
  }
}

/**
 * Sends requests for all that a program may answer: first as the member without roles, then as an administrator, who is let
 * into more, and at last as a page of another site that this member looks at.
 */
export async function walkThrough(
  answerers: readonly Answerer[],
  paths: Paths,
  people: TwoMembers
): Promise<Exchange[]> {
  const others = paths.others.flatMap((path) => [
    { method: 'GET', path },
    { method: 'POST', path }
  ])
  const exchanges: Exchange[] = []
  for (const [by, routes] of [
    ['member', [...paths.routes, ...others]],
    ['admin', paths.routes],
    ['page of another site', paths.routes.filter(({ method }) => method !== 'GET')]
  ] as const) {
    for (const route of routes) {
      for (const call of callsOf(route, paths, people)) {
        for (const answerer of answerers) {
          // A route before may have ended the session, or exchanged it.
          const cookie = await people.signIn(people.addresses[by === 'admin' ? by : 'member'])
          const site = by === 'page of another site' ? 'cross-site' : 'same-origin'
          const headers = { ...call.headers, cookie, 'sec-fetch-site': site }
          exchanges.push({ route, by, text: await answerer.answer({ ...call, headers }) })
        }
      }
    }
  }
  return exchanges
}

/** The routes that no request of the administrator reached: what they answer was not looked at. */
export function unreachedOf(exchanges: readonly Exchange[], { routes }: Paths): readonly Route[] {
  const reached = exchanges.filter(
    ({ by, text }) => by === 'admin' && text !== '' && !/^(404|503)\b/.test(text)
  )
  return routes.filter((route) => !reached.some((exchange) => exchange.route === route))
}

/** The calls of one route: below each prefix, with every name of the colleague, and without a body, as JSON and as a form. */
function callsOf({ method, path }: Route, { prefixes }: Paths, people: TwoMembers): Call[] {
  const { organization, colleague, addresses } = people
  const named: Record<string, string> = {
    organization_id: organization.organization_id,
    organization_slug: organization.organization_slug,
    member_id: colleague.member_id,
    email_address: colleague.email_address
  }
  const fill = (template: string) =>
    template.replace(/:(\w+)/g, (_, name) => encodeURIComponent(named[name] ?? colleague.member_id))
  // What an attacker would write: markup, and another site to go on to.
  const typed = { token: '<i>0</i>', return_to: '//evil.example/<i>' }
  const query = `?${new URLSearchParams({ ...named, ...typed })}`
  // The password of the colleague is known to neither.
  const filled = { ...named, ...typed, name: 'Clara <i>', code: '<i>', password: 'wrong' }
  const own = { ...filled, email_address: addresses.member, password }
  return prefixes.flatMap((prefix) => {
    const call = { method, path: `${fill(prefix)}${fill(path)}${query}`, headers: {} }
    if (method === 'GET') return [call]
    const form = { 'content-type': 'application/x-www-form-urlencoded' }
    const json = { 'content-type': 'application/json' }
    return [
      call,
      { ...call, headers: json, body: JSON.stringify(filled) },
      { ...call, headers: form, body: `${new URLSearchParams(filled)}` },
      { ...call, headers: form, body: `${new URLSearchParams(own)}` }
    ]
  })
}
