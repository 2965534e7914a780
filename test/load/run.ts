import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { performance } from 'node:perf_hooks'
import { parseArgs } from 'node:util'
import { hash } from '@node-rs/argon2'
import express from 'express'
import { createMemberAuth } from 'membergate/express'
import { openAuthority } from 'membergate/testing'
import { timeoutMs } from '../support/patience.ts'

/**
 * Many clients at once, for as long as `--seconds` says, on a guarded app and on the authority behind it. Every answer
 * must be the one that its request deserves: an error of the connection, a 5xx or a wrong decision ends with exit code 1.
 */

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '20' },
    clients: { type: 'string', default: '32' }
  }
})

const ada = { email_address: 'ada@acme.test', password: 'correct horse battery staple' }
const { close, ...project } = await openAuthority({
  projects: [{ organizations: [{ organization_name: 'Acme', organization_slug: 'acme' }] }]
})
const { client, requireMemberSession, requirePermission } = createMemberAuth({
  ...project,
  timeoutMs
})
const app = express()
app.get('/me', requireMemberSession(), (_req, res) => void res.json({}))
app.get('/denied', requirePermission('stytch.member', 'delete'), (_req, res) => void res.json({}))
// Cheap to compare: the load is for what surrounds the arithmetic.
const cheap = await hash(ada.password, {
  algorithm: 2,
  memoryCost: 64,
  timeCost: 1,
  parallelism: 1
})
await client.passwords.migrate({
  organization_id: 'acme',
  email_address: ada.email_address,
  hash: cheap,
  hash_type: 'argon_2id'
})
const server = createServer(app).listen(0, '127.0.0.1')
await once(server, 'listening')
const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

const { session_token, session_jwt } = await signIn()
const forged = `${session_jwt.slice(0, -8)}AAAAAAAA`

/** Done now and then only: a guard checks no more than 50 tokens a second remotely that are denied, and then answers 503. */
const ended = 'a session from its sign-in to its end'

/** What a client does, and the status that it must get. */
const kinds: Readonly<Record<string, () => Promise<boolean>>> = {
  'a session JWT': () => answers('/me', session_jwt, 200),
  'a session token': () => answers('/me', session_token, 200),
  'no permission': () => answers('/denied', session_jwt, 403),
  'a forged JWT': () => answers('/me', forged, 401),
  'no credential': () => answers('/me', undefined, 401),
  'a session of the API': async () =>
    (await client.sessions.authenticate({ session_token })).status_code === 200,
  [ended]: async () => {
    const { session_token } = await signIn()
    await client.sessions.revoke({ session_token })
    return answers('/me', session_token, 401)
  }
}

const latencies = new Map(Object.keys(kinds).map((kind) => [kind, [] as number[]]))
const faults = new Map<string, number>()
const endsAt = performance.now() + Number(values.seconds) * 1000
await Promise.all(Array.from({ length: Number(values.clients) }, runClient))
report()
server.close()
server.closeAllConnections()
await close()

async function runClient(): Promise<void> {
  for (let round = 0; performance.now() < endsAt; round += 1) {
    for (const [kind, isRight] of Object.entries(kinds)) {
      if (kind === ended && round % 8 !== 0) continue
      const beganAt = performance.now()
      const fault = await isRight().then(
        (right) => (right ? undefined : 'a wrong answer'),
        (error) => String(error)
      )
      latencies.get(kind)?.push(performance.now() - beganAt)
      if (fault !== undefined) {
        faults.set(`${kind}: ${fault}`, (faults.get(`${kind}: ${fault}`) ?? 0) + 1)
      }
    }
  }
}

async function answers(path: string, token: string | undefined, status: number): Promise<boolean> {
  const headers = token === undefined ? undefined : { authorization: `Bearer ${token}` }
  const answer = await fetch(origin + path, headers === undefined ? {} : { headers })
  await answer.arrayBuffer()
  return answer.status === status
}

function signIn() {
  return client.passwords.authenticate({ organization_id: 'acme', ...ada })
}

function report(): void {
  let total = 0
  for (const [kind, times] of latencies) {
    times.sort((a, b) => a - b)
    total += times.length
    const at = (share: number) => times[Math.floor(times.length * share)]?.toFixed(1)
    console.log(`${kind}: ${times.length}, median ${at(0.5)} ms, 99 of 100 within ${at(0.99)} ms`)
  }
  console.log(`${Math.round(total / Number(values.seconds))} a second`)
  for (const [fault, times] of faults) console.log(`FAULT, ${times} times: ${fault}`)
  if (faults.size > 0) process.exitCode = 1
}
