/**
 * `membergate/errors`: four classes, by who must act.
 *
 * ```ts
 * import { AccessError, isMembergateError } from 'membergate/errors'
 * app.use((error, req, res, next) => {
 *   if (isMembergateError(error) && error.code === 'permission_denied') return res.render('not-allowed')
 *   next(error)
 * })
 * ```
 *
 * Every code has a heading in docs/errors.md.
 */
export { type AccessCode, AccessError, type AccessErrorOptions } from './errors/access-error.ts'
export { ApiError, type ApiProblem } from './errors/api-error.ts'
export { ConfigError } from './errors/config-error.ts'
export type {
  LocalStep,
  RefusalCause,
  RefusalExplanation,
  RefusalSubject,
  TriedStep
} from './errors/explanation.ts'
export { isMembergateError, MembergateError } from './errors/membergate-error.ts'
export type { RefusalReason } from './errors/reasons.ts'
export { type UnavailableCode, UnavailableError } from './errors/unavailable-error.ts'
