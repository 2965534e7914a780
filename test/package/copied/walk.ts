import { password } from '../../support/people.ts'
import type { Answerer, Call } from './observe.ts'
import type { Marks, TwoMembers } from './two-members.ts'

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

const mfaPages = ['/', '/enroll', '/totp', '/sms', '/recovery', '/locked', '/step-up']
const mfaActions = ['/sms/send', '/sms', '/totp/create', '/totp', '/recovery', '/method']

export function pathsOf(code: string): Paths {
  const routes = [...code.matchAll(/\.(get|post|put|patch|delete|all)\(\s*'(\/[^'\s]*)'/g)].map(
    ([, method = '', path = '']) => ({
      method: method === 'all' ? 'POST' : method.toUpperCase(),
      path
    })
  )
  const mounted = [...code.matchAll(/(?:\.use\(\s*|\bprefix: )'(\/[^'\s]*)'/g)]
  const quoted = [...code.matchAll(/['"`](\/[\w/:-]*)['"`]/g)].map(([, path = '']) => path)
  const mfa = code.includes('mfaRoutes')
    ? [...mfaPages, ...mfaActions].map((path) => `/mfa${path}`)
    : []
  return {
    routes,
    prefixes: ['', ...mounted.map(([, prefix = '']) => prefix)],
    others: [...new Set(['/', '/nowhere', ...quoted, ...mfa])]
  }
}

/** What of the colleague the member without roles was told, and by which route. */
export async function tellingsOf(
  answerer: Answerer,
  paths: Paths,
  people: TwoMembers
): Promise<string[]> {
  const calls = [
    ...paths.routes.flatMap((route) => callsOf(route, paths, people)),
    ...paths.others.flatMap((path) => [
      ...callsOf({ method: 'GET', path }, paths, people),
      ...callsOf({ method: 'POST', path }, paths, people)
    ])
  ]
  const told: string[] = []
  let cookie = await people.signIn(people.addresses.member)
  for (const call of calls) {
    const text = await answerer.answer(withCookie(call, cookie))
    for (const mark of marksIn(text, people.marks)) {
      told.push(`${call.method} ${call.path} tells ${mark}`)
    }
    // A route may have ended the session, or exchanged it.
    if (call.method !== 'GET') cookie = await people.signIn(people.addresses.member)
  }
  return [...new Set(told)]
}

/**
 * The routes that an administrator does not reach, for what they answer was not looked at either; and what of the colleague
 * the others tell: an administrator may read it all, but a page of an app need not show it.
 */
export async function walkAsAdministrator(
  answerers: readonly Answerer[],
  paths: Paths,
  people: TwoMembers
): Promise<{ readonly told: string[]; readonly unreached: string[] }> {
  const told: string[] = []
  const unreached: string[] = []
  for (const route of paths.routes) {
    const answers: string[] = []
    for (const call of callsOf(route, paths, people)) {
      const cookie = await people.signIn(people.addresses.admin)
      for (const answerer of answerers)
        answers.push(await answerer.answer(withCookie(call, cookie)))
    }
    const { method, path } = route
    const isReached = answers.some((text) => text !== '' && !/^(404|503)\b/.test(text))
    if (!isReached) unreached.push(`${method} ${path}: ${answers[0]?.slice(0, 200)}`)
    // The role is the administrator's own as well.
    const marks = marksIn(answers.join('\n'), people.marks).filter((mark) => !/^roles /.test(mark))
    told.push(...marks.map((mark) => `${method} ${path} tells an administrator ${mark}`))
  }
  return { told, unreached }
}

function marksIn(text: string, marks: Marks): string[] {
  return [...marks].filter(([, value]) => text.includes(value)).map(([name]) => name)
}

function withCookie(call: Call, cookie: string): Call {
  return { ...call, headers: { ...call.headers, cookie } }
}

/** The calls of one route: below each prefix, with every name of the colleague, and as a form and as JSON. */
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
  const query = `?${new URLSearchParams(named)}`
  const headers = { 'sec-fetch-site': 'same-origin' }
  // The password of the colleague is known to neither.
  const filled = { ...named, name: 'Maxine', code: '000000', return_to: '/', password: 'wrong' }
  const own = { ...filled, email_address: addresses.member, password }
  return prefixes.flatMap((prefix) => {
    const call = { method, path: `${fill(prefix)}${fill(path)}${query}`, headers }
    if (method === 'GET') return [call]
    return [
      {
        ...call,
        headers: { ...headers, 'content-type': 'application/json' },
        body: JSON.stringify(filled)
      },
      {
        ...call,
        headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' },
        body: `${new URLSearchParams(own)}`
      }
    ]
  })
}
