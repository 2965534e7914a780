import { randomBytes } from 'node:crypto'
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import { ConfigError } from '../../errors/config-error.ts'
import { isLoopbackAddress } from '../loopback.ts'
import type { OutboxEntry } from './outbox.ts'
import { contentSecurityPolicy, outboxPage } from './outbox-page.ts'

export interface ShownOutbox {
  /** The page: `/_dev/`, 128 random bits that are new each time, and a slash. Print it where the developer sees it. */
  readonly path: string
  /** Answers the page, and the same as JSON at `${path}outbox`. Everything else is a matter of the app behind it. */
  readonly app: RequestListener
}

/** A page that is open in a browser may rebind its own name to this machine; it cannot choose the name `localhost`. */
const loopbackHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?$/i

/** What proxies say of a request that another machine has sent. Those that say nothing do not know the path either. */
const forwardingHeader = /^(?:forwarded|via|x-real-ip|x-forwarded-.*)$/

const headers = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': contentSecurityPolicy
}

/**
 * Shows an outbox to a browser on this machine, at a path that cannot be guessed. For development alone: codes and links are
 * as good as passwords.
 *
 * @throws ConfigError with `NODE_ENV=production`
 *
 * @example
 * const { deliver, entries } = createOutbox()
 * const authority = await createAuthority({ database: ':memory:', deliver })
 * const { app, path } = showOutbox(entries, authority.app)
 * createServer(app).listen(4100, '127.0.0.1')
 * console.log(`http://127.0.0.1:4100${path}`)
 */
export function showOutbox(
  entries: () => readonly OutboxEntry[],
  app: RequestListener
): ShownOutbox {
  if (process.env.NODE_ENV === 'production') {
    throw new ConfigError(
      'showOutbox shows every code and link that would have been sent, so it does not start with NODE_ENV=production.'
    )
  }
  const path = `/_dev/${randomBytes(16).toString('base64url')}/`
  return {
    path,
    app: function answerOutbox(req, res) {
      const asked = isFromHere(req) ? req.url?.split('?')[0] : undefined
      if (asked === path) send(res, 'text/html; charset=utf-8', outboxPage(entries()))
      else if (asked === `${path}outbox`) send(res, 'application/json', JSON.stringify(entries()))
      else app(req, res)
    }
  }
}

function isFromHere({ method, headers, socket }: IncomingMessage): boolean {
  return (
    method === 'GET' &&
    loopbackHost.test(headers.host ?? '') &&
    isLoopbackAddress(socket.remoteAddress ?? '') &&
    !Object.keys(headers).some((name) => forwardingHeader.test(name))
  )
}

function send(res: ServerResponse, type: string, body: string): void {
  res.writeHead(200, { ...headers, 'Content-Type': type }).end(body)
}
