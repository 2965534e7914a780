import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { type AddressInfo, createServer, type Server } from 'node:net'

const tsx = 'node_modules/tsx/dist/cli.mjs'

export interface Ports {
  readonly PORT: number | string
  readonly AUTHORITY_PORT: number | string
}

export interface Running {
  readonly process: ChildProcess
  /** When everything was printed, or nothing more will be. */
  readonly ready: Promise<unknown>
  /** The exit code. */
  readonly ended: Promise<number | null>
  stdout(): string
  stderr(): string
}

/** Runs an example as a new user of the library does, until it has printed what matches `last`. */
export function start(file: string, ports: Ports, last = /Bearer .*\n/): Running {
  const { PORT, AUTHORITY_PORT } = ports
  // Node 22 says of its own SQLite that it is experimental.
  const NODE_OPTIONS = '--disable-warning=ExperimentalWarning'
  const child = spawn(process.execPath, [tsx, file], {
    env: {
      ...process.env,
      NODE_OPTIONS,
      PORT: String(PORT),
      AUTHORITY_PORT: String(AUTHORITY_PORT)
    }
  })
  let stdout = ''
  let stderr = ''
  const ended = once(child, 'close').then(([code]) => code as number | null)
  const printed = new Promise<void>((resolve) => {
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text
      if (last.test(stdout)) resolve()
    })
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  return {
    process: child,
    ready: Promise.race([printed, ended]),
    ended,
    stdout: () => stdout,
    stderr: () => stderr
  }
}

export async function freePort(): Promise<number> {
  const { server, port } = await takePort()
  server.close()
  await once(server, 'close')
  return port
}

export async function takePort(): Promise<{ server: Server; port: number }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return { server, port }
}
