import { writeFileSync } from 'node:fs'
import { openapi } from './openapi.ts'
import { seedSchema } from './seed-schema.ts'
import { supportedOperations } from './supported-operations.ts'

const write = (path: string, text: string) =>
  writeFileSync(new URL(`../${path}`, import.meta.url), text)

write('seed.schema.json', `${JSON.stringify(seedSchema(), null, 2)}\n`)
write('openapi.json', `${JSON.stringify(openapi(), null, 1)}\n`)
write('docs/supported-operations.md', supportedOperations())
