import { createMemberAuth } from 'membergate/express'
import { createApp } from './express-basic/app.ts'
import { run } from './run.ts'

await run((options) =>
  createApp(
    createMemberAuth({ ...options, loginPath: '/sign-in', mfaPath: '/mfa', onRefusal: 'next' })
  )
)
