/**
 * The authority: a server of your own that answers the Stytch B2B API, on SQLite or PostgreSQL.
 *
 *     import { createAuthority } from 'membergate/authority'
 *
 *     const authority = await createAuthority({ database: './members.db', keys: [key] })
 *     const { url } = await authority.listen(4100)
 *
 * It signs members in and keeps their sessions. Guarding an app is the job of `membergate/express` and `membergate/koa`.
 */
export {
  type Authority,
  type AuthorityOptions,
  createAuthority
} from './authority/create-authority.ts'
export type {
  Delivery,
  EmailKind,
  EmailMessage,
  Locale,
  NoticeKind,
  NoticeMessage,
  SmsMessage
} from './authority/delivery/delivery.ts'
export {
  createOutbox,
  type Outbox,
  type OutboxEntry,
  type OutboxOptions,
  type OutboxView
} from './authority/delivery/outbox.ts'
export { type ShownOutbox, showOutbox } from './authority/delivery/show-outbox.ts'
export { type SmtpOptions, smtpSender } from './authority/delivery/smtp-sender.ts'
export { type WebhookOptions, webhookSender } from './authority/delivery/webhook-sender.ts'
export type { AuditEvent, AuditKind } from './authority/domain/audit.ts'
export {
  type PwnedPasswordsOptions,
  pwnedPasswords
} from './authority/external/pwned-passwords.ts'
export type { IsBreachedPassword } from './authority/is-breached-password.ts'
export type { DeviceQuery, LookUpDevice } from './authority/look-up-device.ts'
export type { ServedProject } from './authority/seed/apply-seed.ts'
export type { ProjectSeed } from './authority/seed/seed.ts'
export type { DeviceAttributeDetails, DeviceInfo } from './wire/device.ts'
