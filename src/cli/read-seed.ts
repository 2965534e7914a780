import { readFileSync } from 'node:fs'
import { assertPrivate } from '../authority/private-file.ts'
import { ConfigError } from '../errors/config-error.ts'

/**
 * The one project of a seed file: an object, or an array of one. `createAuthority` checks what is in it. A file with a secret
 * or a password in it must not be readable by others.
 */
export function readSeed(path: string): Readonly<Record<string, unknown>> {
  const content = parse(read(path), path)
  if (holdsSecret(content)) assertPrivate(path)
  const projects: unknown[] = Array.isArray(content) ? content : [content]
  const [project] = projects
  if (projects.length !== 1 || typeof project !== 'object' || project === null) {
    throw new ConfigError(`--seed ${path} must hold one project: an object, or an array of one.`)
  }
  return { ...project }
}

/** By the names that secrets have in a seed: `secret`, `client_secret`, `password`, `totp_secret`. */
function holdsSecret(content: unknown): boolean {
  if (typeof content !== 'object' || content === null) return false
  return Object.entries(content).some(
    ([name, value]) =>
      (/secret|password/.test(name) && typeof value === 'string') || holdsSecret(value)
  )
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    throw new ConfigError(`--seed ${path} cannot be read.`, { cause: error })
  }
}

/** The message of JSON.parse may quote the file, and a seed holds passwords: only the position is told. */
function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const position = /position (\d+)/.exec(String(error))?.[1]
    const where =
      position === undefined ? '' : `, line ${text.slice(0, Number(position)).split('\n').length}`
    throw new ConfigError(`--seed ${path} is not JSON${where}.`)
  }
}
