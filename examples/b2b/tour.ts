import { TOTP } from 'otpauth'
import type { Running } from '../run.ts'
import {
  acme,
  ada,
  alan,
  globex,
  grace,
  hedy,
  initech,
  katherine,
  password,
  umbra
} from './seed.ts'

/** Whom to be, and what to try. */
export async function tour({ origin, outbox }: Running): Promise<string> {
  const code = new TOTP({ secret: alan.totp_secret }).generate()
  return `
App      ${origin}
Outbox   ${outbox}   every link and code that would have been sent

Sign in by e-mail: the link waits in the outbox. Or by the password ${password}

  ${ada.email_address}           administrator of ${acme.organization_slug}: invites, reads reports
  ${grace.email_address}         member of four organizations: switch between them, also in two tabs
  ${alan.email_address}          has an authenticator app: the code is ${code} now, the secret ${alan.totp_secret}
  ${hedy.email_address}          gets a code by text message: look into the outbox
  ${katherine.email_address}   must set up a second factor
  anybody else               creates an organization

  ${acme.organization_slug}, ${initech.organization_slug}   ask for nothing more
  ${globex.organization_slug}          asks everybody for a second factor
  ${umbra.organization_slug}           accepts a password alone

Then try ${origin}/o/acme/reports while signed out, and to change the password after more than five minutes.
`
}
