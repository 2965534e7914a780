/** Denies a request for the reasons that are named, or for all, lets others through, and prints as JSON what must not be seen in any line beside it. */
import { createMemberAuth } from 'membergate'
import type { RefusalReason } from 'membergate/errors'
import { refusalReasons } from '../../src/errors/reasons.ts'
import { openDenials } from './denials.ts'

const named = process.argv.slice(2)
const reasons = named.length > 0 ? named : Object.keys(refusalReasons)

const denials = await openDenials()
for (const reason of reasons) await denials.deny(reason as RefusalReason)

const { requireMemberSession } = createMemberAuth(denials.project)
const presented = (url: string) => ({
  method: 'GET',
  url,
  headers: { cookie: `stytch_session_jwt=${denials.session_jwt}` }
})
await requireMemberSession()(presented('/first?token=secret'))
const again = presented('/again')
await requireMemberSession()(again)
await requireMemberSession({ optional: true })({ method: 'GET', url: '/public', headers: {} })
await requireMemberSession()({
  method: 'OPTIONS',
  url: '/preflight',
  headers: { origin: 'https://app.example', 'access-control-request-method': 'GET' }
})
await denials.close()
process.stdout.write(JSON.stringify([...denials.secrets]))
