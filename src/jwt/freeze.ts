const inheritedNames = new Set(['__proto__', 'constructor', 'prototype'])

/**
 * A frozen copy of a JSON value whose objects have no prototype, without the names that could reach one.
 * What is shared between requests must not be changed by one of them, nor change anything by being copied.
 */
export function freezeJson<T>(value: T): T
export function freezeJson(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return Object.freeze(value.map((item) => freezeJson(item)))
  const copy: Record<string, unknown> = Object.create(null)
  for (const [name, member] of Object.entries(value)) {
    if (!inheritedNames.has(name)) copy[name] = freezeJson(member)
  }
  return Object.freeze(copy)
}
