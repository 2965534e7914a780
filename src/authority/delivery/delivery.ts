/** A language that messages are written in. */
export type Locale = 'en' | 'es' | 'pt-br' | 'fr'

/** A text message that carries a one-time code. */
export interface SmsMessage {
  /** A phone number in E.164. */
  readonly to: string
  readonly text: string
  readonly code: string
  readonly locale: Locale
  readonly project_id: string
  readonly organization_id: string
  readonly member_id: string
}

/** What an e-mail is for. */
export type EmailKind =
  | 'login'
  | 'signup'
  | 'invite'
  | 'discovery'
  | 'reset_password'
  | 'email_update'
  | 'email_otp'
  | 'discovery_email_otp'

/** An e-mail that carries a link or a code. */
export interface EmailMessage {
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly locale: Locale
  readonly kind: EmailKind
  readonly link?: string
  /** The one that `link` carries. */
  readonly token?: string
  readonly code?: string
  readonly project_id: string
  readonly organization_id?: string
  readonly member_id?: string
}

/** What a notice tells its reader to have happened. */
export type NoticeKind =
  | 'email_changed'
  | 'password_changed'
  | 'password_removed'
  | 'mfa_added'
  | 'mfa_removed'
  | 'recovery_code_used'
  | 'unlocked'

/** An e-mail that tells a member of a change. It carries neither link nor code. */
export interface NoticeMessage {
  /** After a change of address, the one before. */
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html: string
  readonly locale: Locale
  readonly kind: NoticeKind
  readonly project_id: string
  readonly organization_id: string
  readonly member_id: string
}

/**
 * How messages leave: a function for each channel. It resolves when the message is on its way, and rejects when it is
 * not. Without a function, the operations that need that channel answer 501; without `notice`, no notices are sent.
 */
export interface Delivery {
  readonly sms?: (message: SmsMessage) => Promise<void>
  readonly email?: (message: EmailMessage) => Promise<void>
  readonly notice?: (message: NoticeMessage) => Promise<void>
}
