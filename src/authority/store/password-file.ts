import { readFileSync, statSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { assertPrivate } from '../private-file.ts'

export interface PasswordOwner {
  readonly host: string
  readonly port: number
  readonly database: string | undefined
  readonly user: string | undefined
}

type Variables = Readonly<Record<string, string | undefined>>

/**
 * The password of a user in the file that all PostgreSQL clients share, as its documentation says: `PGPASSFILE`, else
 * `~/.pgpass`, on Windows `%APPDATA%\postgresql\pgpass.conf`. The first line that matches counts.
 *
 * @throws ConfigError when others may read the file
 */
export function readPasswordFile(
  { host, port, database = '', user = '' }: PasswordOwner,
  env: Variables
): string | undefined {
  const path = env.PGPASSFILE || usualPath(env)
  if (!statSync(path, { throwIfNoEntry: false })?.isFile()) return undefined
  assertPrivate(path)
  const hosts = host.startsWith('/') ? [host, 'localhost'] : [host]
  const wanted = [hosts, [String(port)], [database], [user]]
  for (const line of readFileSync(path, 'utf8').split(/\r?\n/)) {
    const fields = fieldsOf(line)
    const isMatch = wanted.every((values, index) => ['*', ...values].includes(fields[index] ?? ''))
    if (isMatch) return fields[wanted.length] || undefined
  }
  return undefined
}

function usualPath({ APPDATA = '' }: Variables): string {
  return process.platform === 'win32'
    ? join(APPDATA, 'postgresql', 'pgpass.conf')
    : join(homedir(), '.pgpass')
}

/** Colons separate; a backslash takes the character after it as it is. A comment has too few fields to match. */
function fieldsOf(line: string): readonly string[] {
  if (line.startsWith('#')) return []
  return [...line.matchAll(/((?:\\.|[^:\\])*)(?::|$)/g)].map(([, field = '']) =>
    field.replace(/\\(.)/g, '$1')
  )
}
