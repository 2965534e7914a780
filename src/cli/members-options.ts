import { ConfigError } from '../errors/config-error.ts'
import {
  type Database,
  nonEmpty,
  parse,
  readDatabaseBeside,
  type Variables
} from './serve-options.ts'

/** What `membergate members` is to do, and to whom. */
export interface MembersOptions {
  readonly command: 'erase'
  readonly database: Database
  readonly project_id: string | undefined
  readonly member_id: string
  readonly json: boolean
}

const flags = {
  database: { type: 'string' },
  'project-id': { type: 'string' },
  member: { type: 'string', default: '' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', short: 'v', default: false }
} as const

/** Throws a ConfigError that says what to write. */
export function readMembersOptions(
  [command, ...args]: readonly string[],
  env: Variables
): MembersOptions | 'help' | 'version' {
  switch (command) {
    case 'erase':
      return options(command, parse(args, flags, 'members'), env)
    case undefined:
    case '--help':
    case '-h':
      return 'help'
    default:
      throw new ConfigError(`There is no command "members ${command}". Write members erase.`)
  }
}

function options(
  command: MembersOptions['command'],
  { database, member, json, help, version, ...values }: ReturnType<typeof parse<typeof flags>>,
  env: Variables
): MembersOptions | 'help' | 'version' {
  if (help) return 'help'
  if (version) return 'version'
  if (member === '') throw new ConfigError('--member must name a member by its id.')
  const project_id = values['project-id'] ?? nonEmpty(env.STYTCH_PROJECT_ID)
  return {
    command,
    database: readDatabaseBeside(database ?? ''),
    project_id,
    member_id: member,
    json
  }
}
