import type { Delivery, EmailMessage, SmsMessage } from 'membergate/authority'

/** A message: an SMS always has a code, an e-mail has a code or a link with its token. */
export type Sent = Pick<SmsMessage, 'to' | 'text' | 'locale'> & Partial<EmailMessage>

/** Messages that are kept instead of sent. */
export interface Mail {
  /** What was sent to a number or an e-mail address, the newest first. */
  sentTo(recipient: string): readonly Sent[]
  /** The newest code that was sent there. */
  lastCode(recipient: string): string
  /** Runs `work` while no message can be handed over. */
  breakDelivery(work: () => Promise<unknown>): Promise<void>
}

export function openMail(): Mail & { readonly deliver: Delivery } {
  const newestFirst: Sent[] = []
  let broken = false
  async function take(message: Sent) {
    if (broken) throw new Error('broken on purpose')
    newestFirst.unshift(message)
  }
  const sentTo = (recipient: string) => newestFirst.filter(({ to }) => to === recipient)
  return {
    deliver: { sms: take, email: take },
    sentTo,
    lastCode(recipient) {
      const code = sentTo(recipient)[0]?.code
      if (code === undefined) throw new Error(`No code was sent to ${recipient}.`)
      return code
    },
    async breakDelivery(work) {
      broken = true
      try {
        await work()
      } finally {
        broken = false
      }
    }
  }
}
