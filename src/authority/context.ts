import type { OperationName, RequestOf, ResponseOf } from '../wire/routes.ts'
import type { AtRest } from './crypto/at-rest.ts'
import type { StrengthMeter } from './crypto/password-strength.ts'
import type { PasswordHashing } from './crypto/passwords.ts'
import type { Environment } from './crypto/tokens.ts'
import type { Delivery } from './delivery/delivery.ts'
import type { Subject } from './domain/audit.ts'
import type { Caller } from './domain/member-permission.ts'
import type { Notice } from './domain/notices.ts'
import type { ProjectRecord } from './domain/records.ts'
import type { Providers } from './external/providers.ts'
import type { IsBreachedPassword } from './is-breached-password.ts'
import type { SigningKeys } from './signing-keys.ts'
import type { ProjectStore } from './store/store.ts'

/** What a call may use: one project, one time. */
export interface Context {
  readonly project: ProjectRecord
  readonly environment: Environment
  readonly store: ProjectStore
  readonly atRest: AtRest
  readonly signingKeys: SigningKeys
  readonly passwords: PasswordHashing
  readonly strengthMeter: StrengthMeter
  /** `undefined` where no look-up is configured. */
  readonly isBreachedPassword: IsBreachedPassword | undefined
  /** How messages leave; `sendSms` and `sendEmail` of `delivery/deliver.ts` use it. */
  readonly delivery: Delivery
  /** Other identity providers that the project's settings name. */
  readonly providers: Providers
  /** The member whose session the call is made with; `undefined`: the project itself, which may do everything. */
  readonly caller: Caller | undefined
  /**
   * A hash of where the person is whom the call is made for; `undefined`: the app did not say, or the IP address is private.
   */
  readonly ipKey: string | undefined
  /** The organization, member and session that the call turns out to be about; `steps/about.ts` writes it down. */
  readonly subject: Subject
  /** What members will be told of when the call has succeeded; `steps/notices.ts` notes it. */
  readonly notices: Notice[]
  /** Epoch milliseconds, the same throughout the call. */
  readonly now: number
}

/** What a handler answers; the envelope is put around it. */
export type AnswerOf<Name extends OperationName> = Omit<
  ResponseOf<Name>,
  'request_id' | 'status_code'
>

export type Handler<Name extends OperationName> = (
  context: Context,
  request: RequestOf<Name>
) => Promise<AnswerOf<Name>>
