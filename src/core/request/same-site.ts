import { AccessError } from '../../errors/access-error.ts'
import type { RefusalReason } from '../../errors/reasons.ts'
import type { Config } from '../options.ts'
import { type AuthRequest, headerOf } from './request.ts'

/**
 * Denies an unsafe cross-site request: one that a page of another site made a browser send. By `Origin` and `Sec-Fetch-Site`, which
 * browsers set and pages cannot; the `Host` header, which every client can set, plays no part.
 *
 * 1. An `Origin` that is trusted passes.
 * 2. `Sec-Fetch-Site: same-origin` or `none` passes; any other value is denied.
 * 3. The app's own `Origin` passes; any other is denied.
 * 4. Neither header: passes, unless `csrf` is `strict`. Browsers send one of them on every cross-site unsafe request.
 *
 * @throws AccessError `csrf_rejected`
 */
export function assertSameSite(request: AuthRequest, config: Config): void {
  const origin = headerOf(request, 'origin')
  const site = headerOf(request, 'sec-fetch-site')
  if (origin?.includes(',') || site?.includes(',')) throw rejected('duplicate_header')

  if (origin !== undefined && config.trustedOrigins.has(origin)) return
  if (site !== undefined) {
    if (site === 'same-origin' || site === 'none') return
    throw rejected('cross_site')
  }
  if (origin !== undefined) {
    if (origin === config.origin) return
    throw rejected(config.origin === undefined ? 'origin_not_configured' : 'foreign_origin')
  }
  if (config.csrf === 'strict') throw rejected('origin_not_sent')
}

function rejected(reason: RefusalReason): AccessError {
  return new AccessError('csrf_rejected', { reason })
}
