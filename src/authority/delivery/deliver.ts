import { problem } from '../domain/problem.ts'
import { Refusal } from '../refusal.ts'
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
  demandSmsSender(delivery)
  await handOver(async () => delivery.sms?.(message))
}

/** Sends an e-mail, or ends the call: 503 when it is not taken in time, 501 when nobody sends e-mail. */
export async function sendEmail(delivery: Delivery, message: EmailMessage): Promise<void> {
  demandEmailSender(delivery)
  await handOver(async () => delivery.email?.(message))
}

/** For before anything is written: 501 when nobody sends text messages. */
export function demandSmsSender({ sms }: Delivery): void {
  if (sms !== undefined) return
  throw new Refusal(
    problem(
      'not_implemented',
      'This server sends no text messages. Configure deliver.sms, or serve with --sms-webhook.'
    )
  )
}

/** For before anything is written: 501 when nobody sends e-mail. */
export function demandEmailSender({ email }: Delivery): void {
  if (email !== undefined) return
  throw new Refusal(
    problem(
      'not_implemented',
      'This server sends no e-mail. Configure deliver.email, or serve with --email-webhook or MEMBERGATE_SMTP_URL.'
    )
  )
}

async function handOver(send: () => Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DeliveryUnavailable('TIMEOUT')), deadlineMs)
  })
  try {
    await Promise.race([send(), late])
  } catch (error) {
    throw error instanceof DeliveryUnavailable ? error : new DeliveryUnavailable(codeOf(error))
  } finally {
    clearTimeout(timer)
  }
}

/** Capitals only: no one-time code, token, address or number looks like that. */
const codeForm = /^[A-Z_]{1,40}$/
const maxCauses = 5

function codeOf(error: unknown): string {
  let current: unknown = error
  for (let depth = 0; depth < maxCauses; depth += 1) {
    const code = memberOf(current, 'code')
    if (typeof code === 'string' && codeForm.test(code)) return code
    if (memberOf(current, 'name') === 'TimeoutError') return 'TIMEOUT'
    current = memberOf(current, 'cause')
  }
  return 'FAILED'
}

/** A sender of somebody else may throw anything. */
function memberOf(error: unknown, name: string): unknown {
  return Reflect.get(Object(error), name)
}
