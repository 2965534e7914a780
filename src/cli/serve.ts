import { subscribe } from 'node:diagnostics_channel'
import type { RequestListener } from 'node:http'
import {
  type AuthorityOptions,
  createListenedAuthority,
  type ListenedAuthority
} from '../authority/create-authority.ts'
import { showOutbox } from '../authority/delivery/show-outbox.ts'
import { errorChannel, type ReportedError } from '../authority/http/report-error.ts'
import { ConfigError } from '../errors/config-error.ts'
import { chooseDelivery } from './choose-delivery.ts'
import { chooseKeys } from './choose-keys.ts'
import { codeOf, databaseError } from './database-error.ts'
import { readSeed } from './read-seed.ts'
import type { ServeOptions } from './serve-options.ts'

/** What an app needs to talk to the server. */
interface Ready {
  readonly url: string
  readonly project_id: string
  /** Only where this start has made it. What was given is known to those who need it, and logs of the output are not theirs. */
  readonly secret: string | null
  /** Only with `--outbox`. */
  readonly outbox_url?: string
}

/** How long the end may take: requests in flight, then statements in flight. A second signal ends the process at once. */
const closingMs = 9000

/** Starts the authority, says when it is ready, and closes it on SIGINT or SIGTERM. */
export async function serve(options: ServeOptions): Promise<void> {
  const { keys, warning } = chooseKeys(options)
  if (warning !== undefined) warn(warning)
  printErrors()
  const project = givenProject(options)
  const { deliver, entries } = await chooseDelivery(options)
  const authority = await open(options, project, { keys, deliver })
  const { app } = authority
  const outbox = entries === undefined ? undefined : showOutbox(entries, app)
  const url = await listen(authority, outbox?.app ?? app, options)
  closeOnSignal(authority.close)
  const [served] = authority.projects
  if (served === undefined) throw new Error('The authority serves no project.')
  for (const { flag, variable } of options.exposed) {
    warn(
      `Every user of this machine sees the secret in ${flag}, and the history of your shell keeps it. Write it in ${variable}.`
    )
  }
  const isSecretGiven = project.secret !== undefined
  announce(options, isSecretGiven, {
    url,
    project_id: served.project_id,
    secret: isSecretGiven ? null : served.secret,
    ...(outbox === undefined ? {} : { outbox_url: new URL(outbox.path, url).href })
  })
}

function warn(text: string): void {
  process.stderr.write(`membergate: ${text}\n`)
}

/** What a caller sees as 500 or 503 only, operations can read here. */
function printErrors(): void {
  subscribe(errorChannel, (report) => {
    const { request_id, operation, name, code, frames } = report as ReportedError
    const [frame = ''] = frames
    warn(`${operation} ${request_id}: ${name} ${code} ${frame}`)
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
): Promise<ListenedAuthority> {
  try {
    // Nothing given means what the database has.
    const projects = Object.keys(project).length === 0 ? [] : [project]
    return await createListenedAuthority({
      database: database.location,
      dangerouslyAllowUnverifiedDatabase: database.dangerouslyAllowUnverifiedDatabase,
      projects,
      ...chosen
    })
  } catch (error) {
    throw databaseError(error)
  }
}

async function listen(
  authority: ListenedAuthority,
  listener: RequestListener,
  { port, host }: ServeOptions
): Promise<string> {
  try {
    const { url } = await authority.listen(port, host, listener)
    return url
  } catch (error) {
    await authority.close()
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

function announce({ json }: ServeOptions, isSecretGiven: boolean, ready: Ready): void {
  if (json) {
    process.stdout.write(`${JSON.stringify(ready)}\n`)
    return
  }
  const secret = isSecretGiven ? '(as given)' : (ready.secret ?? '(as printed before)')
  const { outbox_url } = ready
  process.stdout.write(
    `membergate answers. Tell your app:

  STYTCH_URL=${ready.url}
  STYTCH_PROJECT_ID=${ready.project_id}
  STYTCH_SECRET=${secret}
${outbox_url === undefined ? '' : `\nCodes and links that would have been sent: ${outbox_url}\n`}`
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
