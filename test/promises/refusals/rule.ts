import type { GenericSchema } from 'valibot'
import * as v from 'valibot'
import type { ErrorType } from '../../../src/wire/error-types.ts'
import type { Route } from '../../../src/wire/route.ts'
import { listRoutes, type OperationName } from '../../../src/wire/routes.ts'
import type { Request } from '../../support/requests.ts'
import type { Others } from './others.ts'
import type { Scene } from './scene.ts'

/** What a call is answered that breaks a rule: its status and its error type, as the specification says. */
export type Rejection = `${number} ${ErrorType}`

/** What is sent instead of the request of the scene. */
export interface Sent {
  readonly request?: Request
  /** The body as it is, instead of the request as JSON. */
  readonly body?: string
  readonly method?: string
  /** Another server than the usual one. */
  readonly url?: string
  readonly headers?: Readonly<Record<string, string>>
  /** What holds while the call is made. */
  readonly while?: (call: () => Promise<unknown>) => Promise<void>
}

/** A rule of the API, and the calls that break it and nothing else. */
export interface Rule {
  /** What is wrong with the call: `totps.create rejects …`. */
  readonly of: string
  readonly operations: readonly OperationName[]
  readonly rejects: Rejection | ((operation: OperationName) => Rejection)
  readonly broken: (scene: Scene, others: Others) => Sent | Promise<Sent>
  /** The rule is broken by a state, which would stay: the call has a scene of its own. */
  readonly alone?: true
  /** The rule is broken by the time that goes by after the scene was made. */
  readonly afterSeconds?: number
  /** What the call changes all the same, as a failed attempt that is counted. */
  readonly leaves?: (operation: OperationName) => readonly string[]
}

export const routes: ReadonlyMap<OperationName, Route<unknown, unknown>> = new Map(listRoutes())
export const operations: readonly OperationName[] = [...routes.keys()]

export function routeOf(operation: OperationName): Route<unknown, unknown> {
  const route = routes.get(operation)
  if (route === undefined) throw new Error(`There is no operation ${operation}.`)
  return route
}

/** The members of the request, each with its schema. */
export function fieldsOf(operation: OperationName): Readonly<Record<string, GenericSchema>> {
  return Reflect.get(routeOf(operation).request, 'entries')
}

/** The operations whose request may have all of these fields, in any order. */
export function taking(...fields: readonly string[]): readonly OperationName[] {
  return operations.filter((operation) =>
    fields.every((field) => Object.hasOwn(fieldsOf(operation), field))
  )
}

export function isRequired(operation: OperationName, field: string): boolean {
  const schema = fieldsOf(operation)[field]
  return schema !== undefined && !v.is(schema, undefined)
}

/** Whether the field stands in the URL: then it is text, and never empty. */
export function isInUrl(operation: OperationName, field: string): boolean {
  const { method, path } = routeOf(operation)
  return method === 'GET' || path.includes(`{${field}}`)
}

export function except(
  some: readonly OperationName[],
  ...others: readonly OperationName[]
): readonly OperationName[] {
  return some.filter((operation) => !others.includes(operation))
}

/** The request of the scene with other fields; `undefined` leaves one out. */
export function changed({ request }: Pick<Scene, 'request'>, fields: Request): Sent {
  return { request: { ...request, ...fields } }
}

/** The request of the scene with these credentials in the place of its own, and of the member that an app would name. */
export function inSession({ operation, request }: Scene, credentials: Request): Sent {
  const others = {
    intermediate_session_token: undefined,
    session_token: undefined,
    session_jwt: undefined,
    ...(taking('client_id').includes(operation)
      ? { organization_id: undefined, member_id: undefined }
      : {})
  }
  return { request: { ...request, ...others, ...credentials } }
}

/** A code that was sent counts every try, also one that was right and then of no use. */
export function sentCodeTried(operation: OperationName): readonly string[] {
  const bySentCode = ['otps.sms.authenticate', 'otps.email.authenticate'].includes(operation)
  return bySentCode ? ['one_time_codes.failed_attempts'] : []
}

export function emailCodeTried(operation: OperationName): readonly string[] {
  return operation === 'otps.email.authenticate' ? sentCodeTried(operation) : []
}
