import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createAuthority, createOutbox, type ProjectSeed, showOutbox } from 'membergate/authority'
import { type Client, createClient } from 'membergate/client'

const host = '127.0.0.1'

/** What the authority knows the app by. Yours would be in the environment, and last. */
const project = {
  project_id: `project-test-${randomUUID()}`,
  secret: randomBytes(24).toString('base64url')
}

export interface Example {
  /** What the authority begins with. Links in its e-mails lead to the app at `origin`. */
  seedFor(origin: string): ProjectSeed
  /** What to print when both run. */
  tour(running: Running): Promise<string>
}

export interface Running {
  /** Where the app is. */
  readonly origin: string
  /** Where the authority is. */
  readonly url: string
  /** Where it shows what would have been sent. */
  readonly outbox: string
  readonly client: Client
}

export interface AppOptions {
  readonly project_id: string
  readonly secret: string
  readonly url: string
  readonly origin: string
}

/**
 * Starts a seeded authority and an app beside it, says what to try, and closes both on SIGINT or SIGTERM.
 *
 * An app of your own has `STYTCH_PROJECT_ID`, `STYTCH_SECRET` and `STYTCH_URL` in its environment instead.
 */
export async function run(
  { seedFor, tour }: Example,
  createListener: (options: AppOptions) => RequestListener
): Promise<void> {
  const port = readPort('PORT', 3000)
  const authorityPort = readPort('AUTHORITY_PORT', 4100)
  const origin = `http://localhost:${port}`
  const url = `http://${host}:${authorityPort}/`

  const { deliver, entries } = createOutbox()
  const authority = await createAuthority({
    database: ':memory:',
    projects: [{ ...seedFor(origin), ...project }],
    deliver
  })
  const outbox = showOutbox(entries, authority.app)
  const api = createServer(outbox.app)
  await listen(api, 'AUTHORITY_PORT', authorityPort)

  const app = createServer(createListener({ ...project, url, origin }))
  await listen(app, 'PORT', port)

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, async () => {
      app.close()
      api.close()
      await authority.close()
    })
  }
  const client = createClient({ ...project, url })
  console.log(await tour({ origin, url, outbox: new URL(outbox.path, url).href, client }))
}

function readPort(variable: string, fallback: number): number {
  const text = process.env[variable] || String(fallback)
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    stop(`${variable} must be a port, from 1 to 65535, not "${text}".`)
  }
  return port
}

async function listen(server: Server, variable: string, port: number): Promise<void> {
  try {
    server.listen(port, host)
    await once(server, 'listening')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')) throw error
    stop(`Port ${port} is in use. Choose another one in ${variable}.`)
  }
}

function stop(message: string): never {
  console.error(message)
  process.exit(1)
}
