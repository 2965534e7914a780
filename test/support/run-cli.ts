import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { builtCli } from './built-cli.ts'

const cli = await builtCli()
const root = fileURLToPath(new URL('../..', import.meta.url))

export interface CliOutput {
  /** The exit code. */
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Begins `membergate …`. Only the variables named here: it must not see those of the shell that runs the tests. */
export function startCli(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  return spawn(process.execPath, [cli, ...args], {
    cwd: root,
    env: { PATH: process.env.PATH, NODE_NO_WARNINGS: '1', ...env },
    stdio: ['ignore', 'pipe', 'pipe']
  })
}

/** Runs `membergate …` to its end. */
export async function runCli(
  args: readonly string[],
  env?: Readonly<Record<string, string>>
): Promise<CliOutput> {
  const child = startCli(args, env)
  const [stdout, stderr, [code]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'exit')
  ])
  return { code, stdout, stderr }
}
