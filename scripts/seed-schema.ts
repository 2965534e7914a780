import { type JsonSchema, toJsonSchema } from '@valibot/to-json-schema'
import { countryCodes, isCountryCode } from '../src/authority/domain/phone-numbers.ts'
import { isProjectId } from '../src/authority/project-id.ts'
import {
  isPublicKeyPem,
  isSafeUrl,
  isTotpSecret,
  isWebUrl,
  project
} from '../src/authority/seed/seed.ts'
import { converting } from './json-schema.ts'

const config = converting(
  new Map<unknown, JsonSchema>([
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
)

/** The JSON schema of a seed file, for editors: what the authority itself checks, as far as that can be said in it. */
export function seedSchema(): JsonSchema {
  const { $schema, ...rest } = toJsonSchema(project, config)
  return {
    $schema,
    title: 'Seed of membergate',
    description: 'What an authority should hold: one project, for membergate serve --seed.',
    ...rest
  }
}
