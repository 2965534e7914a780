type Node = Readonly<Record<string, unknown>>

/** Keywords that say nothing about whether a value is valid. */
const remarks = ['$schema', 'title', 'description', 'default', 'format']

/**
 * What is wrong with a value by a JSON schema, as paths. It knows the keywords that ours has and throws at any other, so
 * that none is passed over.
 */
export function faultsBySchema(schema: unknown, value: unknown, path = '$'): readonly string[] {
  const node = Object(schema) as Node
  return Object.entries(node).flatMap(([keyword, says]) => {
    if (remarks.includes(keyword) || keyword === 'additionalProperties') return []
    const check = keywords[keyword]
    if (check === undefined) throw new Error(`The keyword ${keyword} at ${path} is not known.`)
    return check(says, value, path, node)
  })
}

type Check = (says: unknown, value: unknown, path: string, node: Node) => readonly string[]

const keywords: Readonly<Record<string, Check>> = {
  type: (says, value, path) =>
    (says === 'integer' ? Number.isInteger(value) : typeOf(value) === says) ? [] : [path],
  const: (says, value, path) => (says === value ? [] : [path]),
  enum: (says, value, path) => ((says as unknown[]).includes(value) ? [] : [path]),
  pattern: ofText((says, text) => new RegExp(String(says), 'u').test(text)),
  minLength: ofText((says, text) => [...text].length >= Number(says)),
  maxLength: ofText((says, text) => [...text].length <= Number(says)),
  minimum: (says, value, path) => (typeof value === 'number' && value < Number(says) ? [path] : []),
  maximum: (says, value, path) => (typeof value === 'number' && value > Number(says) ? [path] : []),
  minItems: (says, value, path) =>
    Array.isArray(value) && value.length < Number(says) ? [path] : [],
  maxItems: (says, value, path) =>
    Array.isArray(value) && value.length > Number(says) ? [path] : [],
  items: (says, value, path) =>
    Array.isArray(value)
      ? value.flatMap((item, index) => faultsBySchema(says, item, `${path}[${index}]`))
      : [],
  anyOf(says, value, path) {
    const outcomes = (says as unknown[]).map((option) => faultsBySchema(option, value, path))
    return outcomes.some((faults) => faults.length === 0) ? [] : outcomes.flat()
  },
  oneOf(says, value, path) {
    const outcomes = (says as unknown[]).map((option) => faultsBySchema(option, value, path))
    return outcomes.filter((faults) => faults.length === 0).length === 1 ? [] : outcomes.flat()
  },
  required: (says, value, path) =>
    typeOf(value) === 'object'
      ? (says as string[])
          .filter((name) => !(name in Object(value)))
          .map((name) => `${path}.${name}`)
      : [],
  properties(says, value, path, { additionalProperties }) {
    if (typeOf(value) !== 'object') return []
    return Object.entries(Object(value)).flatMap(([name, child]) => {
      const known = Object.hasOwn(Object(says), name)
      if (known) return faultsBySchema(Reflect.get(Object(says), name), child, `${path}.${name}`)
      return additionalProperties === false ? [`${path}.${name}`] : []
    })
  }
}

function ofText(holds: (says: unknown, text: string) => boolean): Check {
  return (says, value, path) => (typeof value !== 'string' || holds(says, value) ? [] : [path])
}

function typeOf(value: unknown): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}
