import { createHmac, randomUUID } from 'node:crypto'
import { ConfigError } from '../../errors/config-error.ts'
import { assertKnownOptions, readNumber } from '../../errors/known-options.ts'
import { isLoopbackHost } from '../loopback.ts'
import { DeliveryUnavailable } from './deliver.ts'
import type { Delivery, EmailMessage, NoticeMessage, SmsMessage } from './delivery.ts'

export interface WebhookOptions {
  /** Where messages go: `https://…`, or `http://` on loopback. */
  readonly url: string
  /** Signs each request: `whsec_` and 24 to 64 bytes in base64. The receiver has the same. */
  readonly secret: string
  /** Milliseconds until the receiver must have answered. Default 4000, at most 5000. */
  readonly timeoutMs?: number
  /** Used instead of the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch
}

/** What the receiver gets as JSON. */
interface WebhookBody {
  readonly type: keyof Delivery
  /** RFC 3339. */
  readonly timestamp: string
  readonly data: SmsMessage | EmailMessage | NoticeMessage
}

const defaultTimeoutMs = 4000
const maxTimeoutMs = 5000
const minSecretBytes = 24
const maxSecretBytes = 64

/** Complete by type: an option that is missing here does not compile. */
const knownOptions: Readonly<Record<keyof WebhookOptions, true>> = {
  url: true,
  secret: true,
  timeoutMs: true,
  fetch: true
}

/**
 * Hands messages to an endpoint of yours, which sends them: a POST of `{ type: 'sms' | 'email' | 'notice', timestamp, data }`,
 * signed as Standard Webhooks says (standardwebhooks.com). Any 2xx means that the message is on its way; nothing is tried again.
 *
 * @throws ConfigError when an option is unknown or wrong
 *
 * @example
 * const deliver = webhookSender({ url: 'https://hooks.acme.example/messages', secret: 'whsec_…' })
 * const authority = await createAuthority({ database, deliver })
 */
export function webhookSender(options: WebhookOptions): Required<Delivery> {
  assertKnownOptions('webhookSender', options, knownOptions)
  const { timeoutMs = defaultTimeoutMs, fetch = globalThis.fetch } = options
  const url = readUrl(options.url)
  const key = readSecret(options.secret)
  readNumber('webhookSender timeoutMs', timeoutMs, { min: 1, max: maxTimeoutMs, integer: true })
  if (typeof fetch !== 'function') throw new ConfigError('webhookSender fetch must be a function.')

  async function post(type: WebhookBody['type'], data: WebhookBody['data']): Promise<void> {
    const at = new Date()
    const payload: WebhookBody = { type, timestamp: at.toISOString(), data }
    const body = JSON.stringify(payload)
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...signedHeaders(key, at, body) },
      body,
      // Codes and links go to the endpoint that was configured, and to no other.
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs)
    })
    await response.body?.cancel()
    if (!response.ok) throw new DeliveryUnavailable(`HTTP_${response.status}`)
  }

  return {
    sms: (message) => post('sms', message),
    email: (message) => post('email', message),
    notice: (message) => post('notice', message)
  }
}

function signedHeaders(key: Buffer, at: Date, body: string): Record<string, string> {
  const id = `msg_${randomUUID()}`
  const timestamp = String(Math.floor(at.getTime() / 1000))
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`
  }
}

function readUrl(text: unknown): string {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  const isSafe = url?.protocol === 'https:' || (url?.protocol === 'http:' && isLoopbackHost(url))
  if (url === undefined || !isSafe) {
    throw new ConfigError('webhookSender url must be an https URL, or http on loopback.')
  }
  if (url.username !== '' || url.password !== '') {
    throw new ConfigError(
      'webhookSender url must not hold credentials: the signature authenticates us.'
    )
  }
  return url.href
}

function readSecret(secret: unknown): Buffer {
  const [, base64] = /^(?:whsec_)?([A-Za-z0-9+/]+={0,2})$/.exec(String(secret)) ?? []
  const key = Buffer.from(base64 ?? '', 'base64')
  if (key.length < minSecretBytes || key.length > maxSecretBytes) {
    throw new ConfigError(
      'The secret of a webhook must be whsec_ and 24 to 64 bytes in base64. Make one with ' +
        `node -p "'whsec_' + crypto.randomBytes(32).toString('base64')"`
    )
  }
  return key
}
