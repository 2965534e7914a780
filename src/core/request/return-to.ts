const maxLength = 2048
const someOrigin = 'https://return-to.invalid'

/**
 * The path, query and fragment of a place in this app, or `undefined` for anything that could lead elsewhere.
 *
 * It is checked before parsing and again after serialisation: `/..//evil.example` is same-origin to a parser, and the
 * path it serialises to is another host to a browser.
 */
export function readReturnPath(value: unknown): string | undefined {
  if (typeof value !== 'string' || value.length > maxLength) return undefined
  if (!isRootedPath(value) || hasUnsafeCharacters(value) || !isWellEncoded(value)) return undefined
  if (!URL.canParse(value, someOrigin)) return undefined
  const url = new URL(value, someOrigin)
  if (url.origin !== someOrigin) return undefined
  const path = `${url.pathname}${url.search}${url.hash}`
  return isRootedPath(path) && path.length <= maxLength ? path : undefined
}

/** The one `return_to` that the query of a path names. */
export function returnToOf(target: string): string | undefined {
  const given = queryOf(target).getAll('return_to')
  return given.length === 1 ? given[0] : undefined
}

export function queryOf(target: string): URLSearchParams {
  const at = target.indexOf('?')
  return new URLSearchParams(at === -1 ? '' : target.slice(at + 1))
}

/** Whether `path` is `base` or lies below it, queries aside. Everything lies below `/`, so that is only itself. */
export function isPathWithin(path: string, base: string): boolean {
  const pathname = pathnameOf(path)
  const root = pathnameOf(base)
  return pathname === root || (root !== '/' && pathname.startsWith(`${root}/`))
}

function pathnameOf(path: string): string {
  return path.split(/[?#]/, 1)[0] ?? ''
}

function isRootedPath(text: string): boolean {
  return text.startsWith('/') && text[1] !== '/' && text[1] !== '\\'
}

/** Control characters and backslashes, which browsers drop or turn into slashes (WHATWG URL section 4.4). */
function hasUnsafeCharacters(text: string): boolean {
  for (const character of text) {
    if (character <= ' ' || character === '\\' || character === '\x7f') return true
  }
  return false
}

function isWellEncoded(text: string): boolean {
  try {
    decodeURIComponent(text)
    return true
  } catch {
    return false
  }
}
