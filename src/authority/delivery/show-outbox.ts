import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http'
import type { OutboxEntry } from './outbox.ts'
import { contentSecurityPolicy, outboxPage } from './outbox-page.ts'

/** A page that is open in a browser may rebind its own name to this machine; it cannot choose the name `localhost`. */
const loopbackHost = /^(?:localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?$/i

const headers = {
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Referrer-Policy': 'no-referrer',
  'Content-Security-Policy': contentSecurityPolicy
}

/**
 * Shows an outbox to a browser on this machine: `/_dev/` is a page, `/_dev/outbox` JSON, and everything else is a matter of
 * `app`. For development alone: codes and links are as good as passwords.
 *
 * @example
 * const { deliver, entries } = createOutbox()
 * const { app } = await createAuthority({ database: ':memory:', deliver })
 * createServer(showOutbox(entries, app)).listen(4100, '127.0.0.1')
 */
export function showOutbox(
  entries: () => readonly OutboxEntry[],
  app: RequestListener
): RequestListener {
  return function answerOutbox(req, res) {
    const path = isFromHere(req) ? pathOf(req) : undefined
    if (path === '/_dev/') send(res, 'text/html; charset=utf-8', outboxPage(entries()))
    else if (path === '/_dev/outbox') send(res, 'application/json', JSON.stringify(entries()))
    else app(req, res)
  }
}

function isFromHere({ method, headers }: IncomingMessage): boolean {
  return method === 'GET' && loopbackHost.test(headers.host ?? '')
}

function pathOf({ url = '' }: IncomingMessage): string {
  const [path = ''] = url.split('?')
  return path === '/_dev' ? '/_dev/' : path
}

function send(res: ServerResponse, type: string, body: string): void {
  res.writeHead(200, { ...headers, 'Content-Type': type }).end(body)
}
