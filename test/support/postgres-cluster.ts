import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { chown, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const base = '/usr/lib/postgresql'

/** Why no cluster can be made here; `undefined` when one can. */
export const whyNoCluster = existsSync(base)
  ? undefined
  : `a PostgreSQL server was not found in ${base}`

/** A PostgreSQL of our own, that may be crashed and changed: never one that others use. */
export interface Cluster {
  /** Without a password, from this machine. */
  readonly url: string
  readonly port: number
  /** Of the socket. Files that are put here are readable to the server when they are written with `write`. */
  readonly folder: string
  write(name: string, content: string): Promise<string>
  /** Makes it read its configuration again. */
  reload(): Promise<void>
  /** As a crash: without a word, and with recovery at the next start. */
  restart(): Promise<void>
  remove(): Promise<void>
}

export async function startCluster(): Promise<Cluster> {
  const bin = await binaries()
  const folder = await mkdtemp(join(tmpdir(), 'membergate-cluster-'))
  const data = join(folder, 'data')
  const owner = process.getuid?.() === 0 ? await idsOf('postgres') : undefined
  const give = async (path: string) => owner && chown(path, owner.uid, owner.gid)
  await give(folder)
  // PostgreSQL refuses to run as root.
  const command = (name: string, ...args: string[]) =>
    owner
      ? run('runuser', ['-u', 'postgres', '--', join(bin, name), ...args], { cwd: folder })
      : run(join(bin, name), args, { cwd: folder })
  const control = (...args: string[]) =>
    command('pg_ctl', '-D', data, '-w', '-l', join(folder, 'log'), ...args)

  const port = await freePort()
  const options = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1`
  await command('initdb', '-D', data, '-U', 'postgres', '-A', 'trust')
  await control('-o', options, 'start')
  return {
    url: `postgres://postgres@127.0.0.1:${port}/postgres`,
    port,
    folder,
    async write(name, content) {
      const path = join(folder, name)
      await writeFile(path, content, { mode: 0o600 })
      await give(path)
      return path
    },
    async reload() {
      await control('reload')
    },
    async restart() {
      await control('-o', options, '-m', 'immediate', 'restart')
    },
    async remove() {
      await control('-m', 'immediate', 'stop')
      await rm(folder, { recursive: true })
    }
  }
}

async function binaries(): Promise<string> {
  if (whyNoCluster !== undefined) throw new Error(whyNoCluster)
  const [newest = ''] = (await readdir(base)).sort((a, b) => Number(b) - Number(a))
  return join(base, newest, 'bin')
}

async function idsOf(user: string): Promise<{ uid: number; gid: number }> {
  const ids = await Promise.all(['-u', '-g'].map((flag) => run('id', [flag, user])))
  const [uid = 0, gid = 0] = ids.map(({ stdout }) => Number(stdout))
  return { uid, gid }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
