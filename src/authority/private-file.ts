import { closeSync, existsSync, openSync, statSync } from 'node:fs'
import { ConfigError } from '../errors/config-error.ts'

/**
 * Makes a file that its owner alone may read and change, whatever the umask is, where a path or a link leads to none. One that
 * is there is left unopened: closing it again would end the locks that this process has on it.
 */
export function makePrivate(path: string): void {
  if (!existsSync(path)) closeSync(openSync(path, 'a', 0o600))
}

/**
 * Asserts that no other user of the machine may read or change files that hold secrets. Those that do not exist are left
 * out. Windows keeps no such modes.
 *
 * @throws ConfigError with the line to run
 */
export function assertPrivate(...paths: readonly string[]): void {
  if (process.platform === 'win32') return
  const open = paths.filter(isOpenToOthers)
  if (open.length === 0) return
  throw new ConfigError(
    `Others may read what is secret. Run: chmod 600 ${open.map(quoted).join(' ')}`
  )
}

function isOpenToOthers(path: string): boolean {
  return ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0
}

/** As a shell takes it. */
function quoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`
}
