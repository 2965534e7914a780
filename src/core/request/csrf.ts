import { AccessError } from '../../errors/access-error.ts'
import type { Config } from '../options.ts'
import { type AuthRequest, headerOf } from './request.ts'

/**
 * Refuses an unsafe request that a page of another site made a browser send. By `Origin` and `Sec-Fetch-Site`, which
 * browsers set and pages cannot; the `Host` header, which anybody can set, plays no part.
 *
 * 1. An `Origin` that is trusted passes.
 * 2. `Sec-Fetch-Site: same-origin` or `none` passes; any other value is refused.
 * 3. The app's own `Origin` passes; any other is refused.
 * 4. Neither header: passes, unless `csrf` is `strict`. Browsers send one of them on every cross-site unsafe request.
 *
 * @throws AccessError `csrf_rejected`
 */
export function refuseForeignRequest(request: AuthRequest, config: Config): void {
  const origin = headerOf(request, 'origin')
  const site = headerOf(request, 'sec-fetch-site')
  if (origin?.includes(',') || site?.includes(',')) throw rejected('A header was sent twice.')

  if (origin !== undefined && config.trustedOrigins.has(origin)) return
  if (site !== undefined) {
    if (site === 'same-origin' || site === 'none') return
    throw rejected('Sec-Fetch-Site is neither same-origin nor none.')
  }
  if (origin !== undefined) {
    if (origin === config.origin) return
    throw rejected(
      config.origin === undefined
        ? 'The option origin is not set, so no Origin can be recognised as our own.'
        : 'Origin is not our own.'
    )
  }
  if (config.csrf === 'strict') throw rejected('Neither Sec-Fetch-Site nor Origin was sent.')
}

function rejected(reason: string): AccessError {
  return new AccessError('csrf_rejected', { cause: new Error(reason) })
}
