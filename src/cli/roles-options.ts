import { ConfigError } from '../errors/config-error.ts'
import { type Database, databaseFlags, readDatabaseBeside } from './database-options.ts'
import { parse } from './serve-options.ts'
import { nonEmpty, type Variables } from './variables.ts'

/** What `membergate roles restore` is to do. */
export interface RolesOptions {
  readonly role_id: string
  readonly database: Database
  readonly project_id: string | undefined
  /** Of which organization the role is, if it is not one of the project. */
  readonly organization_id: string | undefined
  readonly json: boolean
}

const flags = {
  ...databaseFlags,
  'project-id': { type: 'string' },
  organization: { type: 'string' },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', short: 'v', default: false }
} as const

/** Throws a ConfigError that says what to write. */
export function readRolesOptions(
  [command, ...args]: readonly string[],
  env: Variables
): RolesOptions | 'help' | 'version' {
  if (command === undefined || command === '--help' || command === '-h') return 'help'
  if (command !== 'restore') {
    throw new ConfigError(`There is no command "roles ${command}". Write roles restore <role id>.`)
  }
  const [role_id, ...others] = args
  if (role_id === '--help' || role_id === '-h') return 'help'
  if (role_id === undefined || role_id.startsWith('-')) {
    throw new ConfigError('roles restore takes the id of the role first: roles restore editor')
  }
  const values = parse(others, flags, 'roles')
  if (values.help) return 'help'
  if (values.version) return 'version'
  return {
    role_id,
    database: readDatabaseBeside(values, env),
    project_id: values['project-id'] ?? nonEmpty(env.STYTCH_PROJECT_ID),
    organization_id: values.organization,
    json: values.json
  }
}
