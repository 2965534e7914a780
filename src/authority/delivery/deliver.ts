import { OperationError } from '../domain/operation-error.ts'
import { plainCodeOf } from '../plain-code.ts'
import { withinTime } from '../within-time.ts'
import type { Delivery, EmailMessage, SmsMessage } from './delivery.ts'

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

/** Sends a text message, or ends the call: 503 when it is not taken in time, 501 when nobody sends text messages. */
export async function sendSms(delivery: Delivery, message: SmsMessage): Promise<void> {
  assertSendsSms(delivery)
  await handOver(async () => delivery.sms?.(message))
}

/** Sends an e-mail, or ends the call: 503 when it is not taken in time, 501 when nobody sends e-mail. */
export async function sendEmail(delivery: Delivery, message: EmailMessage): Promise<void> {
  assertSendsEmail(delivery)
  await handOver(async () => delivery.email?.(message))
}

/** For before anything is written: 501 when nobody sends text messages. */
export function assertSendsSms({ sms }: Delivery): void {
  if (sms !== undefined) return
  throw new OperationError(
    'not_implemented',
    'This server sends no text messages. Configure deliver.sms, or serve with --sms-webhook.'
  )
}

/** For before anything is written: 501 when nobody sends e-mail. */
export function assertSendsEmail({ email }: Delivery): void {
  if (email !== undefined) return
  throw new OperationError(
    'not_implemented',
    'This server sends no e-mail. Configure deliver.email, or serve with --email-webhook or MEMBERGATE_SMTP_URL.'
  )
}

async function handOver(send: () => Promise<void>): Promise<void> {
  try {
    await withinTime(deadlineMs, send, () => new DeliveryUnavailable('TIMEOUT'))
  } catch (error) {
    throw error instanceof DeliveryUnavailable ? error : new DeliveryUnavailable(plainCodeOf(error))
  }
}
