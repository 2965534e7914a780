import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = fileURLToPath(new URL('../..', import.meta.url))

/** A folder of its own, in which packages are installed as users do. */
export interface App {
  readonly folder: string
  install(...packages: readonly string[]): void
  /** Runs a script of this folder, on some Node. The command of the package runs on the same. */
  use(script: string, args?: readonly string[], node?: string): void
  remove(): void
}

/** What would be published from a checkout. */
export function pack(checkout = root): string {
  const output = join(checkout, 'test-output', 'package')
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output, { recursive: true })
  run('npm', ['pack', '--loglevel=error', '--pack-destination', output], checkout)
  const [tarball = ''] = readdirSync(output)
  return join(output, tarball)
}

export function createApp(): App {
  const folder = mkdtempSync(join(tmpdir(), 'membergate-smoke-'))
  writeFileSync(join(folder, 'package.json'), '{ "private": true }')

  return {
    folder,
    install(...packages) {
      const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
      run('npm', ['install', ...quiet, '--prefer-offline', ...packages], folder)
    },
    use(script, args = [], node = process.execPath) {
      copyFileSync(join(root, 'test/smoke', script), join(folder, script))
      execFileSync(node, [script, ...args], {
        cwd: folder,
        env: { PATH: [dirname(node), process.env.PATH].join(delimiter), HOME: folder },
        stdio: ['ignore', 'inherit', 'inherit'],
        timeout: 120_000
      })
    },
    remove: () => rmSync(folder, { recursive: true })
  }
}

/** Its output is worth reading only when it fails. */
export function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string }
    process.stderr.write(`${stdout}\n${stderr}\n`)
    throw error
  }
}
