import { basename } from 'node:path'
import { expect } from '@jest/globals'
import { type Client, createClient } from 'membergate/client'
import { B2BClient } from 'stytch'
import { ownOperations } from './answered.ts'
import type { Clock } from './clock.ts'
import { timeoutMs } from './patience.ts'

export const clientNames = ['the official SDK', 'our client'] as const
export type ClientName = (typeof clientNames)[number]

/** Both clients are used by the names and types of ours; that the SDK's fit is shown by sdk-types.test.ts. */
export type SharedClient = Pick<
  Client,
  | 'sessions'
  | 'discovery'
  | 'totps'
  | 'recoveryCodes'
  | 'otps'
  | 'magicLinks'
  | 'passwords'
  | 'rbac'
  | 'organizations'
  | 'idp'
>

/** The clients that this file's suites use on an engine: one, and both with `MEMBERGATE_TEST_ALL=1`. */
export function clientsOn(engine: string): readonly ClientName[] {
  return process.env.MEMBERGATE_TEST_ALL === '1' ? clientNames : [clientOn(engine)]
}

/**
 * On SQLite half of the files use one client and half the other, and on PostgreSQL the one that they do not use on SQLite.
 * So a machine without PostgreSQL sees both clients too.
 */
export function clientOn(engine: string): ClientName {
  const file = basename(expect.getState().testPath ?? '')
  const sum = [...file].reduce((total, letter) => total + letter.charCodeAt(0), 0)
  return clientNames[(sum + (engine === 'sqlite' ? 0 : 1)) % 2] as ClientName
}

export function connect(
  through: ClientName,
  project: { readonly project_id: string; readonly secret: string },
  tap: { readonly url: string },
  clock: Pick<Clock, 'now'>
): SharedClient {
  if (through === 'our client')
    return createClient({ ...project, url: tap.url, now: clock.now, timeoutMs })
  const { warn } = console
  console.warn = () => {}
  try {
    const theirs = new B2BClient({ ...project, env: tap.url }) as unknown as SharedClient
    return withOwnOperations(theirs, connect('our client', project, tap, clock))
  } finally {
    console.warn = warn
  }
}

function withOwnOperations(theirs: SharedClient, ours: SharedClient): SharedClient {
  for (const operation of ownOperations) {
    const name = operation.split('.').at(-1) ?? ''
    const call: unknown = Reflect.get(ours.organizations.members, name)
    Object.assign(theirs.organizations.members, { [name]: call })
  }
  return theirs
}

/** `sendThrough(client, 'totps.create', …)`: by name, because a test may send what no type allows. */
export async function sendThrough(
  client: object,
  operation: string,
  data?: unknown,
  options?: unknown
): Promise<Record<string, unknown>> {
  const path = operation.split('.')
  const method = path.pop() ?? ''
  const owner: object = path.reduce<object>((node, name) => Reflect.get(node, name), client)
  const answer: unknown = await Reflect.get(owner, method).call(owner, data, options)
  return answer as Record<string, unknown>
}
