/** Markup that is safe to send. Only the tag `html` makes it. */
export interface Html {
  readonly markup: string
}

/** Writes HTML. Every value is escaped, unless `html` wrote it; lists are joined; `undefined` and `false` vanish. */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  const written = { markup: String.raw({ raw: strings }, ...values.map(toMarkup)) }
  safe.add(written)
  return written
}

const safe = new WeakSet<object>()

function toMarkup(value: unknown): string {
  if (Array.isArray(value)) return value.map(toMarkup).join('')
  if (value === undefined || value === null || value === false) return ''
  if (typeof value === 'object' && safe.has(value)) return (value as Html).markup
  return String(value).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}
