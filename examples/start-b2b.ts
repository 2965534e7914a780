import { createMemberAuth } from 'membergate/express'
import { paths } from './b2b/paths.ts'
import { seedFor } from './b2b/seed.ts'
import { tour } from './b2b/tour.ts'
import { createApp } from './express-b2b/app.ts'
import { run } from './run.ts'

await run({ seedFor, tour }, (options) =>
  createApp(createMemberAuth({ ...options, ...paths, onRefusal: 'next' }), options.origin)
)
