import type { RefusalCause } from './explanation.ts'
import { MembergateError } from './membergate-error.ts'

/** A cause in words of our own: an error that is printed with all its causes shows no text of a request or an answer. */
export class PrivateCause extends Error {
  declare readonly code: string | undefined

  constructor(
    message: string,
    {
      name,
      code,
      cause
    }: { name?: string; code?: string | undefined; cause?: Error | undefined } = {}
  ) {
    super(message, cause === undefined ? undefined : { cause })
    Object.defineProperty(this, 'name', { value: name ?? 'Error' })
    if (code !== undefined) this.code = code
  }
}

/** The authority answered something else than 2xx. */
export class AnsweredCause extends PrivateCause {
  readonly status_code: number

  constructor(status_code: number, error_type: unknown) {
    const code = isErrorType(error_type) ? error_type : 'unreadable_answer'
    super(`The authority answered ${status_code} ${code}.`, { name: 'ApiError', code })
    this.status_code = status_code
  }
}

const maxDepth = 5

/** Any error as a cause that quotes nothing: errors of clients and of `fetch` may hold the request, headers and all. */
export function privateCause(error: unknown): Error {
  return error instanceof MembergateError && hasStatus(error)
    ? error
    : withoutQuotes(error, maxDepth)
}

/** The chain of causes below an error. */
export function flattenCauses({ cause }: { readonly cause?: unknown }): readonly RefusalCause[] {
  const causes: RefusalCause[] = []
  for (let at = cause; isObject(at) && causes.length < maxDepth; at = at.cause) {
    const { name, code, message } = isOurs(at) ? at : withoutQuotes(at, 1)
    causes.push({ name, code, message })
  }
  return causes
}

/** Errors that carry a response say one fixed sentence per code; an ApiError says what the API said. */
function isOurs(error: object): error is Error & { readonly code: string | undefined } {
  return error instanceof PrivateCause || (error instanceof MembergateError && hasStatus(error))
}

function hasStatus(error: Error): boolean {
  return 'status' in error
}

function withoutQuotes(error: unknown, depth: number): PrivateCause {
  const { name, code, cause, status_code, error_type } = Object(error) as Record<string, unknown>
  if (typeof status_code === 'number') return new AnsweredCause(status_code, error_type)
  return new PrivateCause(describeFailure(error), {
    name: typeof name === 'string' && /^[A-Za-z]{1,40}$/.test(name) ? name : 'Error',
    code: isSystemCode(code) ? code : undefined,
    cause: isObject(cause) && depth > 1 ? withoutQuotes(cause, depth - 1) : undefined
  })
}

/** `getaddrinfo ENOTFOUND api.example`, written anew from the members that Node gives to errors of the network. */
function describeFailure(error: unknown): string {
  const { syscall, code, hostname, address, port } = Object(error) as Record<string, unknown>
  const host = [hostname, address].find(
    (name) => typeof name === 'string' && /^[A-Za-z0-9.:-]{1,253}$/.test(name)
  )
  const words = [
    typeof syscall === 'string' && /^[a-z]{1,20}$/.test(syscall) ? syscall : undefined,
    isSystemCode(code) ? code : undefined,
    typeof port === 'number' && host !== undefined ? `${host}:${port}` : host
  ]
  return words.filter((word) => word !== undefined).join(' ')
}

/** Errors of `fetch` are of another realm where tests or plugins run in a context of their own: no `instanceof` knows them. */
function isObject(value: unknown): value is { readonly cause?: unknown } {
  return typeof value === 'object' && value !== null
}

function isSystemCode(code: unknown): code is string {
  return typeof code === 'string' && /^[A-Z][A-Z0-9_]{1,63}$/.test(code)
}

function isErrorType(error_type: unknown): error_type is string {
  return typeof error_type === 'string' && /^[a-z][a-z0-9_]{0,63}$/.test(error_type)
}
