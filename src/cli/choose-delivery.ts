import type { Delivery } from '../authority/delivery/delivery.ts'
import { createOutbox, type Outbox } from '../authority/delivery/outbox.ts'
import { smtpSender } from '../authority/delivery/smtp-sender.ts'
import { webhookSender } from '../authority/delivery/webhook-sender.ts'
import { ConfigError } from '../errors/config-error.ts'
import type { SenderOptions, ServeOptions } from './serve-options.ts'

/** How messages leave; with `--outbox` they do not, and `entries` tells what would have been sent. */
export type ChosenDelivery = Pick<Outbox, 'deliver'> & Partial<Pick<Outbox, 'entries'>>

export async function chooseDelivery({
  outbox,
  senders
}: Pick<ServeOptions, 'outbox' | 'senders'>): Promise<ChosenDelivery> {
  if (!outbox)
    return { deliver: { ...(await chooseSms(senders)), ...(await chooseEmail(senders)) } }
  const { smsWebhook, emailWebhook, emailFrom } = senders
  if ([smsWebhook, emailWebhook, emailFrom].some((flag) => flag !== undefined)) {
    throw new ConfigError(
      '--outbox sends nothing. Leave it out, or --sms-webhook, --email-webhook and --email-from.'
    )
  }
  return createOutbox()
}

async function chooseSms({
  smsWebhook,
  webhookSecret
}: SenderOptions): Promise<Pick<Delivery, 'sms'>> {
  if (smsWebhook === undefined) return {}
  const { sms } = await openWebhook('--sms-webhook', smsWebhook, webhookSecret)
  return { sms }
}

async function chooseEmail(senders: SenderOptions): Promise<Pick<Delivery, 'email' | 'notice'>> {
  const { emailWebhook, webhookSecret, smtpUrl, emailFrom } = senders
  if (emailWebhook !== undefined) {
    if (smtpUrl !== undefined || emailFrom !== undefined) {
      throw new ConfigError(
        'E-mail has two ways out. Leave out --email-webhook, or MEMBERGATE_SMTP_URL and --email-from.'
      )
    }
    const { email, notice } = await openWebhook('--email-webhook', emailWebhook, webhookSecret)
    return { email, notice }
  }
  if (smtpUrl === undefined && emailFrom === undefined) return {}
  if (smtpUrl === undefined || emailFrom === undefined) {
    throw new ConfigError('E-mail by SMTP needs both: MEMBERGATE_SMTP_URL and --email-from.')
  }
  return naming('MEMBERGATE_SMTP_URL with --email-from', () =>
    smtpSender({ url: smtpUrl, from: emailFrom })
  )
}

async function openWebhook(
  flag: string,
  url: string,
  secret: string | undefined
): Promise<Required<Delivery>> {
  if (secret === undefined) {
    throw new ConfigError(
      `${flag} needs MEMBERGATE_WEBHOOK_SECRET, which signs what is sent. Make one with ` +
        `node -p "'whsec_' + crypto.randomBytes(32).toString('base64')"`
    )
  }
  return naming(`${flag} with MEMBERGATE_WEBHOOK_SECRET`, () => webhookSender({ url, secret }))
}

/** Errors of a sender name its options, where the command was given flags and variables: they are named first. */
async function naming<Sender>(
  given: string,
  open: () => Sender | Promise<Sender>
): Promise<Sender> {
  try {
    return await open()
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    throw new ConfigError(`${given}: ${error.message}`, { cause: error.cause })
  }
}
