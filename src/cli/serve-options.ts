import { type ParseArgsConfig, parseArgs } from 'node:util'
import { isNativeError } from 'node:util/types'
import { ConfigError } from '../errors/config-error.ts'
import { nearestName } from '../errors/nearest-name.ts'
import { type Database, databaseFlags, holdsPassword, readDatabase } from './database-options.ts'
import { nonEmpty, type Variables } from './variables.ts'

/** What `membergate serve` is to do, with every default filled in. */
export interface ServeOptions {
  readonly port: number
  readonly host: string
  readonly database: Database
  readonly seedFile: string | undefined
  readonly outbox: boolean
  readonly senders: SenderOptions
  readonly json: boolean
  readonly project_id: string | undefined
  readonly secret: string | undefined
  /** Whether `MEMBERGATE_KEY` or `MEMBERGATE_KEYS` says how to encrypt. */
  readonly hasKey: boolean
  /** Flags with a secret in them, and the variable where each belongs. */
  readonly exposed: readonly { readonly flag: string; readonly variable: string }[]
}

/** How messages are sent. Where nothing is given, none are. */
export interface SenderOptions {
  readonly smsWebhook: string | undefined
  readonly emailWebhook: string | undefined
  readonly webhookSecret: string | undefined
  readonly smtpUrl: string | undefined
  readonly emailFrom: string | undefined
}

const loopback = '127.0.0.1'

const flags = {
  port: { type: 'string', default: '4100' },
  host: { type: 'string', default: loopback },
  ...databaseFlags,
  seed: { type: 'string' },
  'project-id': { type: 'string' },
  secret: { type: 'string' },
  'sms-webhook': { type: 'string' },
  'email-webhook': { type: 'string' },
  'email-from': { type: 'string' },
  outbox: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
  version: { type: 'boolean', short: 'v', default: false }
} as const

/** Flags come before the environment. Throws a ConfigError that says which flag to change. */
export function readServeOptions(
  args: readonly string[],
  env: Variables
): ServeOptions | 'help' | 'version' {
  const values = parse(args, flags, 'serve')
  if (values.help) return 'help'
  if (values.version) return 'version'
  const { outbox, host } = values
  if (host === '') throw new ConfigError(`--host must name an address, such as ${loopback}.`)
  if (outbox) assertDevelopment(host, env)
  return {
    port: readPort(values.port),
    host,
    database: readDatabase(values, env, outbox ? ':memory:' : undefined),
    seedFile: values.seed,
    outbox,
    senders: {
      smsWebhook: values['sms-webhook'],
      emailWebhook: values['email-webhook'],
      webhookSecret: nonEmpty(env.MEMBERGATE_WEBHOOK_SECRET),
      smtpUrl: nonEmpty(env.MEMBERGATE_SMTP_URL),
      emailFrom: values['email-from']
    },
    json: values.json,
    project_id: values['project-id'] ?? nonEmpty(env.STYTCH_PROJECT_ID),
    secret: values.secret ?? nonEmpty(env.STYTCH_SECRET),
    hasKey: hasKey(env),
    exposed: [
      ...(holdsPassword(values.database ?? '')
        ? [{ flag: '--database', variable: 'MEMBERGATE_DATABASE' }]
        : []),
      ...(values.secret === undefined ? [] : [{ flag: '--secret', variable: 'STYTCH_SECRET' }])
    ]
  }
}

/** Throws a ConfigError that names what is wrong, and the nearest flag. */
export function parse<Flags extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  flags: Flags,
  command: string
): ReturnType<typeof parseArgs<{ options: Flags; strict: true }>>['values'] {
  try {
    return parseArgs({ args: [...args], options: flags, strict: true }).values
  } catch (error) {
    const [sentence = ''] = isNativeError(error) ? error.message.split(/\. |\n/) : []
    const [, unknown] = /^Unknown option '--(.*)'$/.exec(sentence) ?? []
    const hint = unknown === undefined ? '' : nearestName(unknown, Object.keys(flags))
    throw new ConfigError(
      `${sentence.replace(/\.$/, '')}.${hint} membergate ${command} --help lists the options.`
    )
  }
}

function assertDevelopment(host: string, env: Variables): void {
  if (env.NODE_ENV === 'production') {
    throw new ConfigError(
      '--outbox shows every code and link that would have been sent, so it does not start with NODE_ENV=production. Leave it out.'
    )
  }
  if (host !== loopback) {
    throw new ConfigError(`--outbox stays on ${loopback}. Leave out --host, or --outbox.`)
  }
}

function readPort(text: string): number {
  const port = Number(text)
  if (!/^[0-9]{1,5}$/.test(text) || port > 65_535) {
    throw new ConfigError(`--port must be a number from 0 to 65535, not "${text}".`)
  }
  return port
}

export function hasKey(env: Variables): boolean {
  return (nonEmpty(env.MEMBERGATE_KEYS) ?? nonEmpty(env.MEMBERGATE_KEY)) !== undefined
}
