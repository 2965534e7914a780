import type { Marks } from './two-members.ts'
import type { Exchange } from './walk.ts'

/** What is wrong with answers, each fault of a route once. */
export function faultsIn(exchanges: readonly Exchange[], marks: Marks): string[] {
  const faults = exchanges.flatMap(({ route: { method, path }, by, text }) =>
    [
      ...tellings(text, marks, by),
      ...placesElsewhere(text),
      ...faultsOfPage(text),
      ...failures(text),
      ...actsOfAnotherSite(text, by)
    ].map((fault) => `${method} ${path}, to the ${by}: ${fault}`)
  )
  return [...new Set(faults)]
}

/** What can be kept by a cache, where others might find it. */
export function cacheableIn(exchanges: readonly Exchange[]): string[] {
  const cacheable = exchanges.filter(
    ({ text }) =>
      /^2\d\d$/m.test(text.slice(0, 4)) &&
      !/^content-type: text\/css/m.test(text) &&
      !(/^cache-control: (private, )?no-store$/m.test(text) && !/^etag: /m.test(text))
  )
  return [
    ...new Set(cacheable.map(({ route, by }) => `${route.method} ${route.path} by the ${by}`))
  ]
}

function tellings(text: string, marks: Marks, by: Exchange['by']): string[] {
  // The colleague's role is the administrator's own as well.
  const secret = [...marks].filter(([name]) => by !== 'admin' || !name.startsWith('roles '))
  return secret.filter(([, value]) => text.includes(value)).map(([name]) => `tells ${name}`)
}

/** Forms that need no session may go on: what they do, any client can. */
function actsOfAnotherSite(text: string, by: Exchange['by']): string[] {
  if (by !== 'page of another site') return []
  const acts = /^2\d\d\n/.test(text) || /^set-cookie: stytch_session/m.test(text)
  return acts ? ['acts'] : []
}

function placesElsewhere(text: string): string[] {
  const [, place = '/'] = /^location: (.*)$/m.exec(text) ?? []
  return /^\/(?![/\\])/.test(place) ? [] : [`leads to ${place}`]
}

/** What the caller did wrong, or the API refused, is no failure of the app. */
function failures(text: string): string[] {
  if (!text.startsWith('500')) return []
  const [, error = ''] = /<pre>(.*?)<br>/.exec(text) ?? []
  return [`fails by ${error}`]
}

/** What people who see little, or use a small screen or a password manager, need of a page; and no markup of a stranger. */
function faultsOfPage(text: string): string[] {
  if (!/^content-type: text\/html/m.test(text)) return []
  const [, page = ''] = /\n\n([\s\S]*)$/.exec(text) ?? []
  const faults = page.includes('<i>') ? ['sends what was typed as markup'] : []
  // A sentence alone is no document, and Express has a page of its own for errors.
  if (!/^\s*<!doctype html>/i.test(page) || page.includes('<title>Error</title>')) return faults
  const inputs = [...page.matchAll(/<input\b[^>]*>/g)].map(([input]) => input)
  const shown = inputs.filter((input) => !input.includes('type="hidden"'))
  const rules = {
    'has no language': /<html lang="\w+">/.test(page),
    'does not say its character set': page.includes('<meta charset="utf-8">'),
    'is shrunk on phones': page.includes('<meta name="viewport" content="width=device-width'),
    'has no title': /<title>[^<]+<\/title>/.test(page),
    'has not one main part': page.match(/<main\b/g)?.length === 1,
    'has not one heading': page.match(/<h1\b/g)?.length === 1,
    'has an input without a label': shown.length <= (page.match(/<label\b/g)?.length ?? 0),
    'has an input without autocomplete': shown.every((input) => / autocomplete="/.test(input))
  }
  const broken = Object.entries(rules).filter(([, isKept]) => !isKept)
  return [...faults, ...broken.map(([fault]) => fault)]
}
