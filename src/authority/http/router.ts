import { addRoute, createRouter, findRoute } from 'rou3'
import { OperationError } from '../domain/operation-error.ts'
import type { HttpCall } from './http-call.ts'

/** What answers at a path. */
export interface Endpoint {
  /** `''` is every method that no other endpoint of the path takes. */
  readonly method: string
  /** A parameter stands in braces: `/v1/b2b/organizations/{organization_id}`. */
  readonly path: string
  /** What errors are reported under: `none` where nothing is answered but errors. */
  readonly name: string
  readonly answer: (call: HttpCall) => void | Promise<void>
}

export interface FoundEndpoint {
  readonly endpoint: Endpoint
  readonly params: Readonly<Record<string, string>>
}

/**
 * Finds what answers at a path. Words come before parameters: `/organizations/search` is no organization. Letter case and
 * a last slash count. HEAD is GET without its body (RFC 9110 section 9.3.2).
 *
 * @throws OperationError when there is nothing, or when a parameter cannot be decoded
 */
export function createFinder(
  endpoints: readonly Endpoint[]
): (method: string, path: string) => FoundEndpoint {
  const router = createRouter<Endpoint>()
  for (const endpoint of endpoints) {
    addRoute(router, endpoint.method, endpoint.path.replace(/\{(\w+)\}/g, ':$1'), endpoint)
  }
  return (method, path) => {
    // The router itself passes a last slash over.
    const found = path.endsWith('/')
      ? undefined
      : findRoute(router, method === 'HEAD' ? 'GET' : method, path)
    if (found === undefined) throw new OperationError('route_not_found')
    return { endpoint: found.data, params: decodeAll(found.params ?? {}) }
  }
}

function decodeAll(params: Readonly<Record<string, string>>): FoundEndpoint['params'] {
  try {
    return Object.fromEntries(
      Object.entries(params).map(([name, value]) => [name, decodeURIComponent(value)])
    )
  } catch {
    throw new OperationError('invalid_argument', 'The path is not percent-encoded UTF-8.')
  }
}
