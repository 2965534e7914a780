import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createAuthority } from 'membergate/authority'
import { createClient } from 'membergate/client'
import { organizations } from './seed.ts'
import { tour } from './tour.ts'

const host = '127.0.0.1'

/** What the authority knows the app by. Yours would be in the environment, and last. */
const project = {
  project_id: `project-test-${randomUUID()}`,
  secret: randomBytes(24).toString('base64url')
}

/**
 * Starts a seeded authority and an app beside it, says what to try, and closes both on SIGINT or SIGTERM.
 *
 * An app of your own has `STYTCH_PROJECT_ID`, `STYTCH_SECRET` and `STYTCH_URL` in its environment instead.
 */
export async function run(createListener: (options: AppOptions) => RequestListener): Promise<void> {
  const port = readPort('PORT', 3000)
  const authorityPort = readPort('AUTHORITY_PORT', 4100)
  const origin = `http://localhost:${port}`

  const authority = await createAuthority({
    database: ':memory:',
    projects: [{ ...project, organizations }]
  })
  const { url } = await authority
    .listen(authorityPort, host)
    .catch((error) => explain(error, 'AUTHORITY_PORT', authorityPort))

  const server = createServer(createListener({ ...project, url, origin }))
  await listen(server, port).catch((error) => explain(error, 'PORT', port))

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, async () => {
      server.close()
      await authority.close()
    })
  }
  console.log(await tour({ origin, url, client: createClient({ ...project, url }) }))
}

interface AppOptions {
  readonly project_id: string
  readonly secret: string
  readonly url: string
  readonly origin: string
}

function readPort(variable: string, fallback: number): number {
  const text = process.env[variable] || String(fallback)
  const port = Number(text)
  if (!/^\d+$/.test(text) || port < 1 || port > 65_535) {
    stop(`${variable} must be a port, from 1 to 65535, not "${text}".`)
  }
  return port
}

async function listen(server: Server, port: number): Promise<void> {
  server.listen(port, host)
  await once(server, 'listening')
}

function explain(error: NodeJS.ErrnoException, variable: string, port: number): never {
  if (error.code !== 'EADDRINUSE') throw error
  stop(`Port ${port} is in use. Choose another one in ${variable}.`)
}

function stop(message: string): never {
  console.error(message)
  process.exit(1)
}
