import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  rmSync
} from 'node:fs'
import { tmpdir } from 'node:os'
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

/** A PostgreSQL of our own, that may be crashed: never one that others use. */
export interface Cluster {
  readonly url: string
  /** As a crash: without a word, and with recovery at the next start. */
  restart(): Promise<void>
  remove(): Promise<void>
}

const clusterPort = 5433

export async function startCluster(): Promise<Cluster> {
  const bin = binaries()
  const folder = mkdtempSync(join(tmpdir(), 'membergate-crash-'))
  const data = join(folder, 'data')
  const asRoot = process.getuid?.() === 0
  if (asRoot) {
    const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, 'postgres'])))
    const [uid, gid] = ids.map(({ stdout }) => Number(stdout))
    chownSync(folder, uid ?? 0, gid ?? 0)
  }
  // PostgreSQL refuses to run as root.
  const command = (name: string, ...args: string[]) =>
    asRoot
      ? run('runuser', ['-u', 'postgres', '--', join(bin, name), ...args], { cwd: folder })
      : run(join(bin, name), args, { cwd: folder })
  const control = (...args: string[]) =>
    command('pg_ctl', '-D', data, '-w', '-l', join(folder, 'log'), ...args)

  await command('initdb', '-D', data, '-U', 'postgres', '-A', 'trust')
  const options = `-p ${clusterPort} -k ${folder} -c listen_addresses=127.0.0.1`
  await control('-o', options, 'start')
  return {
    url: `postgres://postgres@127.0.0.1:${clusterPort}/postgres`,
    restart: async () => {
      await control('-o', options, '-m', 'immediate', 'restart')
    },
    async remove() {
      await control('-m', 'immediate', 'stop')
      rmSync(folder, { recursive: true })
    }
  }
}

function binaries(): string {
  const base = '/usr/lib/postgresql'
  const versions = existsSync(base) ? readdirSync(base).sort((a, b) => Number(b) - Number(a)) : []
  const [newest] = versions
  if (newest === undefined) throw new Error(`There is no PostgreSQL server in ${base}.`)
  return join(base, newest, 'bin')
}
