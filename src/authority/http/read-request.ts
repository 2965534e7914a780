import * as v from 'valibot'
import { isErrorType } from '../../wire/error-types.ts'
import type { Route } from '../../wire/route.ts'
import { OperationError } from '../domain/operation-error.ts'
import { isStorableText } from '../domain/storable-text.ts'
import type { HttpCall } from './http-call.ts'
import { readJson } from './read-body.ts'

const maxDepth = 32

/**
 * Path, query and body as one request, checked by the schema of its route. The path comes last: it says what is
 * wanted, whatever else stands in the body.
 */
export async function readRequest(
  route: Route<unknown, unknown>,
  { req, query, params }: HttpCall
): Promise<unknown> {
  const body = await readJson(req)
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new OperationError('invalid_argument', 'The request body must be a JSON object.')
  }
  const request = { ...(route.method === 'GET' ? query : {}), ...body, ...params }
  if (!isStorable(request, maxDepth)) {
    throw new OperationError(
      'invalid_argument',
      'The request is nested too deeply, or holds a NUL character or half of a surrogate pair.'
    )
  }
  const checked = v.safeParse(route.request, request)
  if (checked.success) return checked.output
  throw errorOf(checked.issues[0])
}

/** The message of a schema is the error type, where the API has one; else the field is named. Values are not repeated. */
function errorOf(issue: v.BaseIssue<unknown>): OperationError {
  if (isErrorType(issue.message) && issue.message !== 'invalid_argument') {
    return new OperationError(issue.message)
  }
  const field = v.getDotPath(issue) ?? 'The request'
  return new OperationError('invalid_argument', `${field} ${faultOf(issue)}`)
}

function faultOf(issue: v.BaseIssue<unknown>): string {
  if (issue.input === undefined) return 'is missing.'
  if (issue.kind === 'schema')
    return `must be ${issue.type === 'custom' ? 'an object' : named(issue)}.`
  switch (issue.type) {
    case 'min_length':
      return 'is too short.'
    case 'max_length':
    case 'max_bytes':
      return 'is too long.'
    default:
      return 'is not valid.'
  }
}

function named({ type, expected }: v.BaseIssue<unknown>): string {
  if (type === 'picklist') return `one of ${expected}`
  return type === 'array' || type === 'object' ? `an ${type}` : `a ${type}`
}

/** Deep nesting would exhaust the stack of whatever walks it. */
function isStorable(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return isStorableText(value)
  if (typeof value !== 'object' || value === null) return true
  if (depth === 0) return false
  return Object.entries(value).every(
    ([name, child]) => isStorableText(name) && isStorable(child, depth - 1)
  )
}
