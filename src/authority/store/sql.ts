import type { Value } from './engine.ts'

/** Nothing that was parsed from a request has a symbol, so none of it can pass for SQL. */
const made = Symbol('made')

/** SQL text, and the values of `$2`, `$3` and so on; `$1` is always the project. */
export interface Sql {
  readonly [made]: true
  readonly text: string
  readonly values: readonly Value[]
}

/** Text by template: the same place of the code always has the same, so it is joined once. */
const texts = new WeakMap<TemplateStringsArray, string>()

/** SQL with its values where they belong: each becomes a placeholder, and SQL in SQL becomes a part of it. */
export function sql(template: TemplateStringsArray, ...parts: readonly (Value | Sql)[]): Sql {
  return parts.some(isSql) ? join(template, parts) : withValues(textOf(template), parts as Value[])
}

/** SQL that was put together elsewhere, with its values. The text is never what a caller sent. */
export function withValues(text: string, values: readonly Value[]): Sql {
  return { [made]: true, text, values }
}

/** Names of tables and columns, and SQL without values. It is never what a caller sent. */
export function raw(text: string): Sql {
  return withValues(text, [])
}

/** Values as `in (…)` takes them. */
export function list(values: readonly Value[]): Sql {
  return withValues(values.map((_, index) => `$${index + 2}`).join(', '), values)
}

/** SQL with the same text between all parts. */
export function joined(parts: readonly Sql[], between: string): Sql {
  const values: Value[] = []
  const texts = parts.map((part) => {
    const text = renumbered(part, values.length)
    values.push(...part.values)
    return text
  })
  return withValues(texts.join(between), values)
}

function textOf(template: TemplateStringsArray): string {
  const known = texts.get(template)
  if (known !== undefined) return known
  const text = template.reduce((before, after, index) => `${before}$${index + 1}${after}`)
  texts.set(template, text)
  return text
}

function join(template: TemplateStringsArray, parts: readonly (Value | Sql)[]): Sql {
  const values: Value[] = []
  let text = ''
  for (const [index, before] of template.entries()) {
    const part = parts[index]
    text += before
    if (part === undefined) continue
    if (isSql(part)) {
      text += renumbered(part, values.length)
      values.push(...part.values)
    } else text += `$${values.push(part) + 1}`
  }
  return withValues(text, values)
}

/** With its placeholders after as many others. */
function renumbered({ text, values }: Sql, others: number): string {
  if (others === 0 || values.length === 0) return text
  return text.replace(/\$(\d+)/g, (placeholder, number) =>
    number === '1' ? placeholder : `$${Number(number) + others}`
  )
}

function isSql(part: Value | Sql): part is Sql {
  return typeof part === 'object' && part !== null && made in part
}
