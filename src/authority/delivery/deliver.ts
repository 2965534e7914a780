import { OperationError } from '../domain/operation-error.ts'
import { plainCodeOf } from '../plain-code.ts'
import { withinTime } from '../within-time.ts'
import type { Delivery, EmailMessage, NoticeMessage, SmsMessage } from './delivery.ts'

/** How long a caller waits until a message is taken. */
const deadlineMs = 5000

/**
 * A message could not be handed over. Nothing of it is in here: what the sender threw may quote it, so only a code that
 * is plainly one is kept.
 */
export class DeliveryUnavailable extends Error {
  /** Why, for operations: `TIMEOUT`, `HTTP_500`, `ECONNREFUSED`, … */
  readonly code: string

  constructor(code: string) {
    super('The message could not be sent.')
    this.code = code
  }

  override get name(): string {
    return 'DeliveryUnavailable'
  }
}

/** Sends a text message, or ends the call: 503 when it is not taken in time, 501 without a sender. */
export async function sendSms(delivery: Delivery, message: SmsMessage): Promise<void> {
  assertSender(delivery, 'sms')
  await handOver(async () => delivery.sms?.(message))
}

/** Sends an e-mail, or ends the call: 503 when it is not taken in time, 501 without a sender. */
export async function sendEmail(delivery: Delivery, message: EmailMessage): Promise<void> {
  assertSender(delivery, 'email')
  await handOver(async () => delivery.email?.(message))
}

/** Sends a notice, where they are sent. */
export async function sendNotice(delivery: Delivery, message: NoticeMessage): Promise<void> {
  await handOver(async () => delivery.notice?.(message))
}

/** A channel that operations need. */
export type Channel = Exclude<keyof Delivery, 'notice'>

const missingSenders: Readonly<Record<Channel, string>> = {
  sms: 'This server sends no text messages. Configure deliver.sms, or serve with --sms-webhook.',
  email:
    'This server sends no e-mail. Configure deliver.email, or serve with --email-webhook or MEMBERGATE_SMTP_URL.'
}

/** For before anything is written: 501 when the channel has no sender. */
export function assertSender(delivery: Delivery, channel: Channel): void {
  if (delivery[channel] !== undefined) return
  throw new OperationError('not_implemented', missingSenders[channel])
}

async function handOver(send: () => Promise<void>): Promise<void> {
  try {
    await withinTime(deadlineMs, send, () => new DeliveryUnavailable('TIMEOUT'))
  } catch (error) {
    throw error instanceof DeliveryUnavailable ? error : new DeliveryUnavailable(plainCodeOf(error))
  }
}
