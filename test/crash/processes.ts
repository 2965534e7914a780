import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { mkdirSync, openSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = fileURLToPath(new URL('../..', import.meta.url))
const output = join(root, 'test-output', 'crash')
const built = join(output, 'dist')
/** What the authorities wrote to stderr. */
export const log = join(output, 'authority.log')

/** Builds what is to be killed: what is started often should start as it does for users. */
export async function build(): Promise<void> {
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output, { recursive: true })
  const tsx = join(root, 'node_modules', '.bin', 'tsx')
  await run(tsx, [join(root, 'scripts', 'build.ts'), '--out-dir', built])
}

export const project = {
  project_id: `project-test-${randomUUID()}`,
  secret: `secret-test-${randomUUID()}`
}
const key = randomBytes(32).toString('base64url')

function start(args: readonly string[], seed?: string): ChildProcess {
  return spawn(
    process.execPath,
    [join(built, 'cli.js'), ...args, ...(seed ? ['--seed', seed] : [])],
    {
      env: {
        PATH: process.env.PATH,
        MEMBERGATE_KEY: key,
        STYTCH_PROJECT_ID: project.project_id,
        STYTCH_SECRET: project.secret
      },
      stdio: ['ignore', 'pipe', openSync(log, 'a', 0o600)]
    }
  )
}

export interface AuthorityProcess {
  readonly url: string
  /** From its start until it was ready. */
  readonly startedInMs: number
  kill(): Promise<void>
  /** Ends it in peace, and tells its exit code. */
  end(): Promise<number | null>
}

/** Starts an authority, and waits until it is ready. */
export async function startAuthority(database: string, seed: string): Promise<AuthorityProcess> {
  const startedAt = Date.now()
  const child = start(['serve', '--port', '0', '--json', '--database', database], seed)
  if (child.stdout === null) throw new Error('The output is not piped.')
  const first = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])
  if (typeof first[0] === 'number') throw new Error(`serve ended with ${first[0]}.`)
  const { url } = JSON.parse(String(first[0]))
  while (!(await fetch(new URL('/health/ready', url))).ok) await sleep(20)
  return {
    url,
    startedInMs: Date.now() - startedAt,
    kill: async () => {
      const exit = once(child, 'exit')
      child.kill('SIGKILL')
      await exit
    },
    async end() {
      const exit = once(child, 'exit')
      child.kill('SIGTERM')
      const [code] = await exit
      return code
    }
  }
}

/** `membergate keys rotate --now`, beside the authority that serves the database; killed in the middle when asked to. */
export async function rotateKeys(database: string, killedAfterMs?: number): Promise<void> {
  const child = start(['keys', 'rotate', '--now', '--json', '--database', database])
  child.stdout?.resume()
  const exit = once(child, 'exit')
  if (killedAfterMs !== undefined) setTimeout(() => child.kill('SIGKILL'), killedAfterMs)
  const [code, signal] = await exit
  if (code !== 0 && signal !== 'SIGKILL') throw new Error(`keys rotate ended with ${code}.`)
}
