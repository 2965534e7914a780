import { subscribe } from 'node:diagnostics_channel'
import type { RequestListener } from 'node:http'
import {
  type Authority,
  type AuthorityOptions,
  createAuthority
} from '../authority/create-authority.ts'
import { showOutbox } from '../authority/delivery/show-outbox.ts'
import { errorChannel, type ReportedError } from '../authority/http/report-error.ts'
import { createServers, type Servers } from '../authority/http/servers.ts'
import { DatabaseUnavailable } from '../authority/store/engine.ts'
import { ConfigError } from '../errors/config-error.ts'
import { isMembergateError } from '../errors/membergate-error.ts'
import { chooseDelivery } from './choose-delivery.ts'
import { chooseKeys } from './choose-keys.ts'
import { readSeed } from './read-seed.ts'
import type { ServeOptions } from './serve-options.ts'

/** What an app needs to talk to the server. `secret` is null when the database has its hash only, and nobody gave it. */
interface Ready {
  readonly url: string
  readonly project_id: string
  readonly secret: string | null
}

/** How long requests under way may take to end. A second signal ends the process at once. */
const closingMs = 10_000

/** Starts the authority, says when it is ready, and closes it on SIGINT or SIGTERM. */
export async function serve(options: ServeOptions): Promise<void> {
  const { keys, warning } = chooseKeys(options)
  if (warning !== undefined) process.stderr.write(`membergate: ${warning}\n`)
  printErrors()
  const project = givenProject(options)
  const { deliver, entries } = await chooseDelivery(options)
  const authority = await open(options, project, { keys, deliver })
  const { app } = authority
  const servers = createServers()
  async function close(): Promise<void> {
    await servers.stop()
    await authority.close()
  }
  const listener = entries === undefined ? app : showOutbox(entries, app)
  const url = await listen(servers, listener, options).catch(async (error: unknown) => {
    await close()
    throw error
  })
  closeOnSignal(close)
  const [served] = authority.projects
  if (served === undefined) throw new Error('The authority serves no project.')
  announce(options, { url, ...served }, project.secret !== undefined)
}

/** What a caller sees as 500 or 503 only, operations can read here. */
function printErrors(): void {
  subscribe(errorChannel, (report) => {
    const { request_id, operation, name, code, frames } = report as ReportedError
    const [frame = ''] = frames
    process.stderr.write(`membergate: ${operation} ${request_id}: ${name} ${code} ${frame}\n`)
  })
}

type GivenProject = NonNullable<AuthorityOptions['projects']>[number]

/** Flags and environment come before the seed. */
function givenProject({ seedFile, project_id, secret }: ServeOptions): GivenProject {
  return {
    ...(seedFile === undefined ? {} : readSeed(seedFile)),
    ...(project_id === undefined ? {} : { project_id }),
    ...(secret === undefined ? {} : { secret })
  }
}

async function open(
  { database }: ServeOptions,
  project: GivenProject,
  chosen: Pick<AuthorityOptions, 'keys' | 'deliver'>
): Promise<Authority> {
  try {
    // Nothing given means what the database has.
    const projects = Object.keys(project).length === 0 ? [] : [project]
    return await createAuthority({ database: database.location, projects, ...chosen })
  } catch (error) {
    if (isMembergateError(error)) throw error
    const reason = systemReason(error)
    if (reason === undefined) throw error
    throw new ConfigError(`--database cannot be opened: ${reason}`, { cause: error })
  }
}

async function listen(
  servers: Servers,
  listener: RequestListener,
  { port, host }: ServeOptions
): Promise<string> {
  try {
    const { url } = await servers.listen(listener, port, host)
    return url
  } catch (error) {
    throw listenError(error, port, host)
  }
}

function listenError(error: unknown, port: number, host: string): unknown {
  switch (codeOf(error)) {
    case 'EADDRINUSE':
      return new ConfigError(
        `Port ${port} is in use. Stop what listens there, or choose another with --port.`
      )
    case 'EACCES':
      return new ConfigError(`Port ${port} may not be used by you. Choose another with --port.`)
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return new ConfigError(`This machine has no address ${host}. Choose another with --host.`)
    default:
      return error
  }
}

function announce({ json, outbox }: ServeOptions, ready: Ready, secretIsGiven: boolean): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(ready)}\n`)
    return
  }
  const secret = secretIsGiven ? '(as given)' : (ready.secret ?? '(as printed before)')
  process.stdout.write(
    `membergate answers. Tell your app:

  STYTCH_URL=${ready.url}
  STYTCH_PROJECT_ID=${ready.project_id}
  STYTCH_SECRET=${secret}
${outbox ? `\nCodes and links that would have been sent: ${ready.url}_dev/\n` : ''}`
  )
}

function closeOnSignal(close: () => Promise<void>): void {
  function closeGracefully(): void {
    process.off('SIGINT', closeGracefully)
    process.off('SIGTERM', closeGracefully)
    setTimeout(() => process.exit(1), closingMs).unref()
    void close()
  }
  process.on('SIGINT', closeGracefully)
  process.on('SIGTERM', closeGracefully)
}

/** Why the database cannot be opened, in the words of the system, the driver or the server. They all give a code. */
function systemReason(error: unknown): string | undefined {
  const cause = error instanceof DatabaseUnavailable ? error.cause : error
  const code = codeOf(cause)
  if (code === undefined || !(cause instanceof Error)) return undefined
  return cause.message === '' ? code : cause.message
}

function codeOf(error: unknown): string | undefined {
  const code: unknown = error instanceof Error ? Reflect.get(error, 'code') : undefined
  return typeof code === 'string' ? code : undefined
}
