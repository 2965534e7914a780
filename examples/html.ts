/** Markup that is safe to send. Only the tag `html` makes it, so nothing that came in a request can pass for it. */
export class Html {
  readonly #markup: string

  constructor(markup: string) {
    this.#markup = markup
  }

  toString(): string {
    return this.#markup
  }
}

/** Writes HTML. Every value is escaped, unless it is `Html` itself; lists are joined; `undefined` and `false` vanish. */
export function html(strings: TemplateStringsArray, ...values: readonly unknown[]): Html {
  return new Html(String.raw({ raw: strings }, ...values.map(toMarkup)))
}

function toMarkup(value: unknown): string {
  if (value instanceof Html) return value.toString()
  if (Array.isArray(value)) return value.map(toMarkup).join('')
  if (value === undefined || value === null || value === false) return ''
  return String(value).replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`)
}
