import { createMemberAuth } from 'membergate/express'
import { createApp } from './express-basic/app.ts'
import { run } from './run.ts'
import { seedFor } from './seed.ts'
import { tour } from './tour.ts'

await run({ seedFor, tour }, (options) =>
  createApp(
    createMemberAuth({ ...options, loginPath: '/sign-in', mfaPath: '/mfa', onRefusal: 'next' })
  )
)
