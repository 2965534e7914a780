import type { Write } from './writes.ts'

const minuteMs = 60_000
const hourMs = 60 * minuteMs
const dayMs = 24 * hourMs

/**
 * Counts an SMS before it is sent: 1 a minute, 5 an hour and 10 a day for a number, and for a member, who may have one
 * number after another; 1,000 a day for the project.
 */
export function countSms(member_id: string, phoneNumber: string, now: number): Write[] {
  return [
    ...[member_id, phoneNumber].flatMap((who) => [
      countSend(`sms|${who}|minute`, minuteMs, 1, now),
      countSend(`sms|${who}|hour`, hourMs, 5, now),
      countSend(`sms|${who}|day`, dayMs, 10, now)
    ]),
    countSend('sms|day', dayMs, 1000, now)
  ]
}

/** Counts an e-mail before it is sent: 10 an hour and 30 a day for a mailbox, whatever follows a `+` in its name. */
export function countEmail(email_address: string, now: number): Write[] {
  return [
    countSend(`email|${mailboxOf(email_address)}|hour`, hourMs, 10, now),
    countSend(`email|${mailboxOf(email_address)}|day`, dayMs, 30, now)
  ]
}

function mailboxOf(email_address: string): string {
  return email_address.replace(/\+[^@]*@/, '@')
}

/** Windows are aligned to the clock, so that every process counts in the same ones. */
function countSend(counter: string, windowMs: number, limit: number, now: number): Write {
  return {
    do: 'countSend',
    counter,
    window_start: now - (now % windowMs),
    limit,
    onConflict: 'too_many_requests'
  }
}
