/** The pattern of text that holds this one, for `like … escape '\\'`. */
export function containing(text: string): string {
  return `%${escaped(text)}%`
}

/** The pattern of text that ends with this one. */
export function endingWith(text: string): string {
  return `%${escaped(text)}`
}

function escaped(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&')
}
