const maxLength = 200
const masked = '…'

/**
 * The path of a target, without its query, to be shown to the people who run the app. A segment is shown when it is made
 * of words, or short; everything else may be a token, a code, an id, an e-mail address or a phone number, and is `…`.
 */
export function maskPath(target: string): string {
  const path = /^[^?#]*/.exec(target)?.[0] ?? ''
  const shown = path.split('/').map(maskSegment).join('/')
  return shown.length > maxLength ? `${shown.slice(0, maxLength)}${masked}` : shown
}

function maskSegment(segment: string): string {
  return segment === '' || isShort(segment) || isWords(segment) ? segment : masked
}

/** `v1`, `b2b`, `42`: too short for a secret, and for a code, which has six digits or letters between them. */
function isShort(segment: string): boolean {
  return /^[A-Za-z0-9_.~-]{1,8}$/.test(segment) && !/\d.*\d.*\d.*\d/.test(segment)
}

/** `reset-password`, `changeEmail`, `API_docs.html`: words as people write them, none of them long. */
function isWords(segment: string): boolean {
  return segment.length <= 60 && segment.split(/[-_.~]/).every((word) => isWord(word))
}

function isWord(word: string): boolean {
  return (
    /^[A-Za-z]?[a-z]{0,19}$/.test(word) ||
    /^[A-Z]{1,8}$/.test(word) ||
    /^[a-z]{2,12}(?:[A-Z][a-z]{2,12}){1,2}$/.test(word)
  )
}
