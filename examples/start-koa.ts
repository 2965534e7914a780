import { createMemberAuth } from 'membergate/koa'
import { createApp } from './koa-basic.ts'
import { run } from './run.ts'
import { seedFor } from './seed.ts'
import { tour } from './tour.ts'

await run({ seedFor, tour }, (options) => createApp(createMemberAuth(options)).callback())
