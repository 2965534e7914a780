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

/**
 * How messages leave: a function for each channel. It resolves when the message is on its way, and rejects when it is
 * not. Without a function, the operations that need that channel answer 501.
 */
export interface Delivery {
  readonly sms?: (message: SmsMessage) => Promise<void>
  readonly email?: (message: EmailMessage) => Promise<void>
}
