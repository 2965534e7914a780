import { createMemberAuth } from 'membergate/koa'
import { paths } from './b2b/paths.ts'
import { seedFor } from './b2b/seed.ts'
import { tour } from './b2b/tour.ts'
import { createApp } from './koa-b2b/app.ts'
import { run } from './run.ts'

await run({ seedFor, tour }, (options) => {
  const auth = createMemberAuth({ ...options, ...paths, onRefusal: 'next' })
  return createApp(auth, options.origin).callback()
})
