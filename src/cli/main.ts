import { readFileSync } from 'node:fs'
import { ConfigError } from '../errors/config-error.ts'
import { isMembergateError } from '../errors/membergate-error.ts'
import { runAudit } from './audit.ts'
import { readAuditOptions } from './audit-options.ts'
import { help } from './help.ts'
import { runKeys } from './keys.ts'
import { readKeysOptions } from './keys-options.ts'
import { runMembers } from './members.ts'
import { readMembersOptions } from './members-options.ts'
import { runRoles } from './roles.ts'
import { readRolesOptions } from './roles-options.ts'
import { serve } from './serve.ts'
import { readServeOptions } from './serve-options.ts'

/** Runs one command. What its user can fix is one line on stderr and exit code 2; anything else is a bug, with its stack. */
export async function main(args: readonly string[]): Promise<void> {
  try {
    await run(args)
  } catch (error) {
    if (!isMembergateError(error)) throw error
    process.stderr.write(`membergate: ${error.message.replace(/\s*\n\s*/g, ' ')}\n`)
    process.exitCode = 2
  }
}

async function run([command, ...args]: readonly string[]): Promise<void> {
  switch (command) {
    case 'serve': {
      const options = readServeOptions(args, process.env)
      return typeof options === 'string' ? answers[options]() : serve(options)
    }
    case 'keys': {
      const options = readKeysOptions(args, process.env)
      return typeof options === 'string' ? answers[options]() : runKeys(options)
    }
    case 'audit': {
      const options = readAuditOptions(args, process.env)
      return typeof options === 'string' ? answers[options]() : runAudit(options)
    }
    case 'members': {
      const options = readMembersOptions(args, process.env)
      return typeof options === 'string' ? answers[options]() : runMembers(options)
    }
    case 'roles': {
      const options = readRolesOptions(args, process.env)
      return typeof options === 'string' ? answers[options]() : runRoles(options)
    }
    case undefined:
    case '--help':
    case '-h':
      return answers.help()
    case '--version':
    case '-v':
      return answers.version()
    default:
      throw new ConfigError(
        `There is no command "${command}". Write membergate serve, membergate keys, membergate members, membergate roles, membergate audit, or --help.`
      )
  }
}

const answers = {
  help: () => print(help),
  version: () => print(`${readVersion()}\n`)
}

function print(text: string): void {
  process.stdout.write(text)
}

function readVersion(): string {
  const manifest: unknown = JSON.parse(
    readFileSync(new URL('../../package.json', import.meta.url), 'utf8')
  )
  return String(Reflect.get(Object(manifest), 'version'))
}
