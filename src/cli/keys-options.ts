import { ConfigError } from '../errors/config-error.ts'
import {
  type Database,
  type DatabaseValues,
  databaseFlags,
  readDatabaseBeside
} from './database-options.ts'
import { hasKey, parse } from './serve-options.ts'
import { nonEmpty, type Variables } from './variables.ts'

/** What `membergate keys` is to do. */
export interface KeysOptions {
  readonly command: 'rotate' | 'rewrap'
  readonly database: Database
  readonly project_id: string | undefined
  /** Ends the keys before it within seconds. */
  readonly atOnce: boolean
  readonly outbox: boolean
  readonly json: boolean
  readonly hasKey: boolean
}

const flags = {
  ...databaseFlags,
  outbox: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', short: 'v', default: false }
} as const

const flagsOfRotate = {
  ...flags,
  'project-id': { type: 'string' },
  now: { type: 'boolean', default: false }
} as const

/** Throws a ConfigError that says what to write. */
export function readKeysOptions(
  [command, ...args]: readonly string[],
  env: Variables
): KeysOptions | 'help' | 'version' {
  switch (command) {
    case 'rotate': {
      const values = parse(args, flagsOfRotate, 'keys')
      const project_id = values['project-id'] ?? nonEmpty(env.STYTCH_PROJECT_ID)
      return options(command, { ...values, project_id, atOnce: values.now }, env)
    }
    case 'rewrap':
      return options(
        command,
        { ...parse(args, flags, 'keys'), project_id: undefined, atOnce: false },
        env
      )
    case undefined:
    case '--help':
    case '-h':
      return 'help'
    default:
      throw new ConfigError(
        `There is no command "keys ${command}". Write keys rotate, or keys rewrap.`
      )
  }
}

interface Values extends DatabaseValues {
  readonly project_id: string | undefined
  readonly atOnce: boolean
  readonly outbox: boolean
  readonly json: boolean
  readonly help: boolean
  readonly version: boolean
}

function options(
  command: KeysOptions['command'],
  { help, version, ...values }: Values,
  env: Variables
): KeysOptions | 'help' | 'version' {
  if (help) return 'help'
  if (version) return 'version'
  const database = readDatabaseBeside(values, env)
  const { project_id, atOnce, outbox, json } = values
  return { command, database, project_id, atOnce, outbox, json, hasKey: hasKey(env) }
}
