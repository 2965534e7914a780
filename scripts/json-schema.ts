import { type ConversionConfig, type JsonSchema, toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'

export type Schema = v.GenericSchema
type OverrideSchema = Parameters<NonNullable<ConversionConfig['overrideSchema']>>[0]
type OverrideAction = Parameters<NonNullable<ConversionConfig['overrideAction']>>[0]

/** Before it is compared the text is put in lower case, so the pattern must not mind. */
const isFolded = Symbol('folded')

/**
 * How our schemas become JSON schemas of what is sent. `checks` holds what JSON Schema can say of our own checks. One that
 * is not in it stops the script, unless its pipe describes it in words before.
 */
export function converting(
  checks: ReadonlyMap<unknown, JsonSchema>,
  options: ConversionConfig = {}
): ConversionConfig {
  const config: ConversionConfig = {
    ...options,
    typeMode: 'input',
    overrideSchema: ({ valibotSchema, jsonSchema, errors }) =>
      errors === undefined && valibotSchema.type !== 'record'
        ? undefined
        : convertSchema(valibotSchema, jsonSchema),
    overrideAction: ({ valibotAction, jsonSchema }) =>
      convertAction(valibotAction, jsonSchema, checks)
  }

  function convertSchema(
    schema: OverrideSchema['valibotSchema'],
    known: JsonSchema
  ): JsonSchema | undefined {
    if (schema.type === 'non_nullish') return inner(Reflect.get(schema, 'wrapped'))
    if (schema.type === 'custom' && isJsonObject(schema)) return { ...known, type: 'object' }
    if (schema.type !== 'record') return undefined
    const key = Reflect.get(schema, 'key')
    if (key.type === 'string') return withoutNames(known)
    const value = inner(Reflect.get(schema, 'value'))
    const properties = Object.fromEntries(key.options.map((name: string) => [name, value]))
    return { type: 'object', properties, additionalProperties: false }
  }

  function inner(schema: Schema): JsonSchema {
    const { $schema, $defs, ...rest } = toJsonSchema(schema, config)
    return rest
  }

  return config
}

/** That names are strings is true of every object. */
function withoutNames({ propertyNames, ...rest }: JsonSchema): JsonSchema {
  return rest
}

function isJsonObject(schema: Schema): boolean {
  const others = [[], null, 'text', 5, true]
  return v.is(schema, {}) && !others.some((other) => v.is(schema, other))
}

function convertAction(
  action: OverrideAction['valibotAction'],
  known: JsonSchema,
  checks: ReadonlyMap<unknown, JsonSchema>
): JsonSchema | undefined {
  switch (action.type) {
    case 'trim': // Spaces around it change nothing that is said here.
      return known
    case 'to_lower_case':
      return { ...known, [isFolded]: true } as JsonSchema
    case 'regex':
      return Reflect.get(known, isFolded) === true && known.pattern !== undefined
        ? { ...known, pattern: known.pattern.replaceAll('a-z', 'A-Za-z') }
        : undefined
    case 'max_bytes': // Text has at least as many bytes as characters.
      return { ...known, maxLength: Number(Reflect.get(action, 'requirement')) }
    case 'check': {
      const check = checks.get(Reflect.get(action, 'requirement'))
      if (check !== undefined) return { ...known, ...check }
      return known.description === undefined ? undefined : known
    }
    default:
      return undefined
  }
}
