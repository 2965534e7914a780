import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema'
import * as v from 'valibot'
import { countryCodes, isCountryCode } from '../src/authority/domain/phone-numbers.ts'
import { isProjectId } from '../src/authority/project-id.ts'
import {
  isPublicKeyPem,
  isSafeUrl,
  isTotpSecret,
  isWebUrl,
  project
} from '../src/authority/seed/seed.ts'

type Converters = NonNullable<Parameters<typeof toJsonSchema>[1]>
type Action = Parameters<NonNullable<Converters['overrideAction']>>[0]
type Schema = Parameters<NonNullable<Converters['overrideSchema']>>[0]

/** What JSON Schema can say of our own checks. A check that is not here stops the script. */
const checks = new Map<unknown, JsonSchema>([
  [isCountryCode, { enum: [...countryCodes] }],
  [
    isProjectId,
    { pattern: '^project-(test|live)-[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$' }
  ],
  [isPublicKeyPem, { pattern: '^\\s*-----BEGIN (PUBLIC KEY|CERTIFICATE)-----' }],
  [isSafeUrl, { pattern: '^\\s*[Hh][Tt][Tt][Pp][Ss]?:[^#]+#?$' }],
  [isTotpSecret, { pattern: '^\\s*([A-Za-z2-7]\\s*){16,}(=\\s*)*$' }],
  [isWebUrl, { pattern: '^\\s*[Hh][Tt][Tt][Pp][Ss]?:[^#]+#?$' }]
])

/** Before it is compared the text is put in lower case, so the pattern must not mind. */
const isFolded = Symbol('folded')

/** The JSON schema of a seed file, for editors: what the authority itself checks, as far as that can be said in it. */
export function seedSchema(): JsonSchema {
  const schema = toJsonSchema(project, converters)
  const { $schema, ...rest } = schema
  return {
    $schema,
    title: 'Seed of membergate',
    description: 'What an authority should hold: one project, for membergate serve --seed.',
    ...rest
  }
}

const converters: Converters = {
  typeMode: 'input',
  overrideSchema: ({ valibotSchema, jsonSchema, errors }: Schema) =>
    errors === undefined ? undefined : convertSchema(valibotSchema, jsonSchema),
  overrideAction: ({ valibotAction, jsonSchema }: Action) =>
    convertAction(valibotAction, jsonSchema)
}

function convertSchema(schema: Schema['valibotSchema'], known: JsonSchema): JsonSchema | undefined {
  if (schema.type === 'non_nullish') return converted(Reflect.get(schema, 'wrapped'))
  if (schema.type === 'custom' && isJsonObject(schema)) return { ...known, type: 'object' }
  if (schema.type !== 'record') return undefined
  const key = Reflect.get(schema, 'key')
  if (key.type !== 'picklist') return undefined
  const value = converted(Reflect.get(schema, 'value'))
  const properties = Object.fromEntries(key.options.map((name: string) => [name, value]))
  return { type: 'object', properties, additionalProperties: false }
}

function isJsonObject(schema: v.GenericSchema): boolean {
  const others = [[], null, 'text', 5, true]
  return v.is(schema, {}) && !others.some((other) => v.is(schema, other))
}

function convertAction(action: Action['valibotAction'], known: JsonSchema): JsonSchema | undefined {
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
      return check && { ...known, ...check }
    }
    default:
      return undefined
  }
}

function converted(schema: v.GenericSchema): JsonSchema {
  const { $schema, ...rest } = toJsonSchema(schema, converters)
  return rest
}
