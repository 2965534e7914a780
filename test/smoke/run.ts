import { execFileSync } from 'node:child_process'
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'

/**
 * What is published, as its users get it: packs it, lints the package, installs it into an empty folder, weighs what
 * came, and has each Node that `--node` names use it.
 */

/** membergate itself included, in the megabytes of `du -sm` on Linux x64. */
const limits = { packages: 80, megabytes: 16 }

const root = fileURLToPath(new URL('../..', import.meta.url))
const output = join(root, 'test-output', 'package')
const { values } = parseArgs({
  options: { node: { type: 'string', multiple: true, default: [process.execPath] } }
})

const app = mkdtempSync(join(tmpdir(), 'membergate-smoke-'))
try {
  const tarball = pack()
  run('npx', ['publint', 'run', '--strict', tarball], root)
  run('npx', ['attw', '--profile', 'esm-only', tarball], root)
  writeFileSync(join(app, 'package.json'), '{ "private": true }')
  copyFileSync(join(root, 'test/smoke/use.mjs'), join(app, 'use.mjs'))
  install(tarball)
  weigh()
  for (const node of values.node) use(node, 'alone')
  install('express@5', 'koa@3', '@photostructure/sqlite@1')
  for (const node of values.node) use(node, 'beside frameworks')
} finally {
  rmSync(app, { recursive: true })
}

/** Its output is worth reading only when it fails. */
function run(command: string, args: readonly string[], cwd: string): string {
  try {
    return execFileSync(command, args, { cwd, encoding: 'utf8', stdio: 'pipe' })
  } catch (error) {
    const { stdout, stderr } = error as { readonly stdout: string; readonly stderr: string }
    process.stderr.write(`${stdout}\n${stderr}\n`)
    throw error
  }
}

function pack(): string {
  rmSync(output, { recursive: true, force: true })
  mkdirSync(output, { recursive: true })
  run('npm', ['pack', '--loglevel=error', '--pack-destination', output], root)
  const [tarball = ''] = readdirSync(output)
  return join(output, tarball)
}

function install(...packages: readonly string[]): void {
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  run('npm', ['install', ...quiet, '--prefer-offline', ...packages], app)
}

function weigh(): void {
  const packages = run('npm', ['ls', '--all', '--parseable'], app).trim().split('\n').length - 1
  const megabytes = Number.parseInt(run('du', ['-sm', 'node_modules'], app), 10)
  console.log(`weight: ${packages} packages, ${megabytes} MB`)
  if (packages > limits.packages || megabytes > limits.megabytes) {
    throw new Error(`At most ${limits.packages} packages and ${limits.megabytes} MB are allowed.`)
  }
}

/** `node` comes first in the path, so that the command of the package runs on it too. */
function use(node: string, situation: string): void {
  execFileSync(node, ['use.mjs', situation], {
    cwd: app,
    env: { PATH: [dirname(node), process.env.PATH].join(delimiter), HOME: app },
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: 60_000
  })
}
