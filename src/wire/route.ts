import type { GenericSchema } from 'valibot'
import type { Authorization } from './authorization.ts'

/** One operation of the API as data: what is sent where, and what may come back. */
export interface Route<Request, Response, TakesAuthorization extends boolean = boolean> {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** Absolute path; a member of the request stands in braces: `/v1/b2b/organizations/{organization_id}`. */
  readonly path: `/v1/${string}`
  /** Path, query and body members together. The authority checks every request with it. */
  readonly request: GenericSchema<unknown, Request>
  /** What the authority answers, each member with its type. Unknown members are not in it. */
  readonly response: GenericSchema<unknown, Response>
  /** What the client checks where a guard trusts the answer; left out, only the envelope is checked. */
  readonly guarded: GenericSchema<unknown, Response> | undefined
  /** Whether a member session may be sent along, so that the call runs with that member's permissions. */
  readonly takesAuthorization: TakesAuthorization
  /** Whether the call works without the project's credentials. */
  readonly isPublic: boolean
}

interface RouteOptions<Request, Response> {
  readonly request: GenericSchema<unknown, Request>
  readonly response: GenericSchema<unknown, Response>
  readonly guarded?: GenericSchema<unknown, Response>
  readonly isPublic?: boolean
}

type Verb = Route<unknown, unknown>['method']
type Path = Route<unknown, unknown>['path']

/** An operation that runs with the project's authority. */
export function route<Request, Response>(
  method: Verb,
  path: Path,
  { request, response, guarded, isPublic = false }: RouteOptions<Request, Response>
): Route<Request, Response, false> {
  return { method, path, request, response, guarded, takesAuthorization: false, isPublic }
}

/** An operation that also runs with the permissions of a member, whose session is sent along. */
export function memberRoute<Request, Response>(
  method: Verb,
  path: Path,
  { request, response, guarded, isPublic = false }: RouteOptions<Request, Response>
): Route<Request, Response, true> {
  return { method, path, request, response, guarded, takesAuthorization: true, isPublic }
}

/** The second argument of an operation. */
export interface CallOptions {
  /**
   * The IP address of the person whom the call is made for, as the app knows it: limits then count it too. Behind a proxy it
   * stands in a header of that proxy; one that the person can set makes the limits useless.
   */
  readonly clientIp?: string | undefined
}

/** The second argument of an operation that takes a member session. */
export interface RequestOptions extends CallOptions {
  readonly authorization?: Authorization
}
