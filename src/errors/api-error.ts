import { MembergateError } from './membergate-error.ts'

/** What the API answers instead of a 2xx: the members of its error body. */
export interface ApiProblem {
  /** HTTP status of the answer, as received. */
  readonly status_code: number
  /** Stable name of the error, for example `session_not_found`. Switch on it. */
  readonly error_type: string
  readonly error_message: string
  /** The id that the API gave this call; `''` when its answer had none. */
  readonly request_id: string
  readonly error_url: string
}

/**
 * The API answered a call of the client with anything but 2xx. The code that made the call must act.
 *
 * It has no `status`: Express and Koa would send the API's status on as the app's own.
 */
export class ApiError extends MembergateError implements ApiProblem {
  readonly code = 'api_error'
  readonly status_code: number
  readonly error_type: string
  readonly error_message: string
  readonly request_id: string
  readonly error_url: string

  constructor(answer: ApiProblem) {
    super(`${answer.status_code} ${answer.error_type}: ${answer.error_message}`)
    this.status_code = answer.status_code
    this.error_type = answer.error_type
    this.error_message = answer.error_message
    this.request_id = answer.request_id
    this.error_url = answer.error_url
  }
}
