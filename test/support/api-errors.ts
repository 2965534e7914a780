import { AccessError, ApiError } from 'membergate/errors'
import { ClientError, StytchError } from 'stytch'

/** What a refused call says, from either error class. */
export interface Refusal {
  readonly status_code: number
  readonly error_type: string
  readonly error_message: string
  readonly error_url: string
  readonly request_id: string
}

export async function rejectionOf(call: Promise<unknown>): Promise<unknown> {
  let answer: unknown
  try {
    answer = await call
  } catch (error) {
    return error
  }
  throw new Error(`Expected a refusal, but the answer was ${JSON.stringify(answer)}`)
}

export async function refusalOf(call: Promise<unknown>): Promise<Refusal> {
  const error = await rejectionOf(call)
  if (!(error instanceof StytchError) && !(error instanceof ApiError)) {
    throw new Error(`Expected an error of the API, but got ${String(error)}`, { cause: error })
  }
  const { status_code, error_type, error_message, error_url, request_id } = error
  return { status_code, error_type, error_message, error_url: error_url ?? '', request_id }
}

export async function codeOf(call: Promise<unknown>): Promise<string> {
  const error = await rejectionOf(call)
  if (!(error instanceof ClientError) && !(error instanceof AccessError)) {
    throw new Error(`Expected a local refusal, but got ${String(error)}`, { cause: error })
  }
  return error.code
}
