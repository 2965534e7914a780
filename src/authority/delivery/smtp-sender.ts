import { ConfigError } from '../../errors/config-error.ts'
import { assertKnownOptions } from '../../errors/known-options.ts'
import { isLoopbackHost } from '../loopback.ts'
import type { Delivery, EmailMessage, NoticeMessage } from './delivery.ts'

export interface SmtpOptions {
  /**
   * `smtp://user:password@host:587`, or `smtps://` for TLS from the first byte. `smtp://` to another machine goes on only
   * after STARTTLS.
   */
  readonly url: string
  /** Who writes: `no-reply@acme.example` or `Acme <no-reply@acme.example>`. */
  readonly from: string
}

/** Complete by type: an option that is missing here does not compile. */
const knownOptions: Readonly<Record<keyof SmtpOptions, true>> = { url: true, from: true }

const submissionPort = 587
const submissionsPort = 465
/** Below the deadline of a delivery, so that no connection outlives its caller for long. */
const stepTimeoutMs = 4000

/**
 * Sends e-mail by SMTP. It needs the package `nodemailer`.
 *
 * @throws ConfigError when an option is unknown or wrong, or when `nodemailer` is not installed
 *
 * @example
 * const deliver = await smtpSender({ url: 'smtps://user:password@smtp.acme.example', from: 'no-reply@acme.example' })
 * const authority = await createAuthority({ database, deliver })
 */
export async function smtpSender(
  options: SmtpOptions
): Promise<Required<Pick<Delivery, 'email' | 'notice'>>> {
  assertKnownOptions('smtpSender', options, knownOptions)
  const server = readServer(options.url)
  const from = readFrom(options.from)
  const { createTransport } = await loadMailer()
  const transport = createTransport({
    ...server,
    connectionTimeout: stepTimeoutMs,
    dnsTimeout: stepTimeoutMs,
    greetingTimeout: stepTimeoutMs,
    socketTimeout: stepTimeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true
  })

  async function send({ to, subject, text, html }: EmailMessage | NoticeMessage): Promise<void> {
    await transport.sendMail({
      from,
      // An object is one address; text would be read as a list of them.
      to: { name: '', address: to },
      subject,
      text,
      html,
      headers: { 'Auto-Submitted': 'auto-generated' }
    })
  }

  return { email: send, notice: send }
}

async function loadMailer() {
  try {
    const { default: nodemailer } = await import('nodemailer')
    return nodemailer
  } catch (cause) {
    throw new ConfigError('SMTP needs nodemailer. Run: npm install nodemailer', { cause })
  }
}

function readServer(text: unknown) {
  const url = typeof text === 'string' && URL.canParse(text) ? new URL(text) : undefined
  if (url === undefined || !['smtp:', 'smtps:'].includes(url.protocol) || url.hostname === '') {
    throw new ConfigError('The SMTP server must be a URL: smtps://user:password@host')
  }
  if (!['', '/'].includes(url.pathname) || url.search !== '' || url.hash !== '') {
    throw new ConfigError('The URL of the SMTP server must end with its host and port.')
  }
  const secure = url.protocol === 'smtps:'
  const isLoopback = isLoopbackHost(url)
  const auth = url.username === '' ? {} : { auth: readCredentials(url) }
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (secure ? submissionsPort : submissionPort),
    secure,
    // A relay on this machine often has a self-signed certificate, and no third party can listen in between.
    requireTLS: !isLoopback,
    ignoreTLS: isLoopback,
    ...auth
  }
}

function readCredentials({ username, password }: URL): { user: string; pass: string } {
  try {
    return { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
  } catch {
    throw new ConfigError(
      'User and password of the SMTP server must be percent-encoded: write %25 for %.'
    )
  }
}

function readFrom(from: unknown): string {
  const isOneAddress =
    typeof from === 'string' &&
    /^(?:[^\s@<>,;:]+@[^\s@<>,;:]+|[^\r\n<>,;:@]*<[^\s@<>,;:]+@[^\s@<>,;:]+>)$/.test(from)
  if (!isOneAddress) {
    throw new ConfigError(
      'The sender of e-mail must be one address: no-reply@acme.example or Acme <no-reply@acme.example>'
    )
  }
  return from
}
