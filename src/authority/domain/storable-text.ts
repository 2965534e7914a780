/**
 * PostgreSQL takes no NUL in text. Half of a surrogate pair has no form in UTF-8, so that different texts would be stored,
 * hashed and signed as one.
 */
export function isStorableText(text: string): boolean {
  return !/[\0\p{Surrogate}]/u.test(text)
}
