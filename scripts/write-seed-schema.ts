import { writeFileSync } from 'node:fs'
import { seedSchema } from './seed-schema.ts'

const target = new URL('../seed.schema.json', import.meta.url)
writeFileSync(target, `${JSON.stringify(seedSchema(), null, 2)}\n`)
