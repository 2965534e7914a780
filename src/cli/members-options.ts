import type { Unlocked } from '../authority/unlock-member.ts'
import { ConfigError } from '../errors/config-error.ts'
import { type Database, databaseFlags, readDatabaseBeside } from './database-options.ts'
import { parse } from './serve-options.ts'
import { nonEmpty, type Variables } from './variables.ts'

/** What `membergate members` is to do, and to whom. */
export type MembersOptions = EraseOptions | UnlockOptions

export interface EraseOptions extends CommonOptions {
  readonly command: 'erase'
  readonly member_id: string
}

export interface UnlockOptions extends CommonOptions {
  readonly command: 'unlock'
  readonly unlocked: Unlocked
}

interface CommonOptions {
  readonly database: Database
  readonly project_id: string | undefined
  readonly json: boolean
}

const flags = {
  ...databaseFlags,
  'project-id': { type: 'string' },
  member: { type: 'string', default: '' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', short: 'v', default: false }
} as const

const flagsOfUnlock = { ...flags, email: { type: 'string', default: '' } } as const

/** Throws a ConfigError that says what to write. */
export function readMembersOptions(
  [command, ...args]: readonly string[],
  env: Variables
): MembersOptions | 'help' | 'version' {
  switch (command) {
    case 'erase': {
      const values = parse(args, flags, 'members')
      return options(values, env, () => ({ command, member_id: readMember(values.member) }))
    }
    case 'unlock': {
      const values = parse(args, flagsOfUnlock, 'members')
      return options(values, env, () => ({ command, unlocked: readUnlocked(values) }))
    }
    case undefined:
    case '--help':
    case '-h':
      return 'help'
    default:
      throw new ConfigError(
        `There is no command "members ${command}". Write members erase, or members unlock.`
      )
  }
}

function options<Command extends object>(
  { json, help, version, ...values }: ReturnType<typeof parse<typeof flags>>,
  env: Variables,
  readCommand: () => Command
): (Command & CommonOptions) | 'help' | 'version' {
  if (help) return 'help'
  if (version) return 'version'
  const project_id = values['project-id'] ?? nonEmpty(env.STYTCH_PROJECT_ID)
  return { ...readCommand(), database: readDatabaseBeside(values, env), project_id, json }
}

function readMember(member: string): string {
  if (member === '') throw new ConfigError('--member must name a member by its id.')
  return member
}

function readUnlocked({ member, email }: { member: string; email: string }): Unlocked {
  if (email === '') return { member_id: readMember(member) }
  if (member !== '') throw new ConfigError('Write --member or --email, not both.')
  if (!email.includes('@')) throw new ConfigError('--email must be an e-mail address.')
  return { email_address: email.toLowerCase() }
}
