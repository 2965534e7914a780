/** The pattern of text that holds this one, for `like … escape '\\'`. */
export function containing(text: string): string {
  return `%${text.replace(/[\\%_]/g, '\\$&')}%`
}
