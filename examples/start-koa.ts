import { createMemberAuth } from 'membergate/koa'
import { createApp } from './koa-basic.ts'
import { run } from './run.ts'

await run((options) => createApp(createMemberAuth(options)).callback())
