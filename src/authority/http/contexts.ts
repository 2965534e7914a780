import type { Context } from '../context.ts'
import type { AtRest } from '../crypto/at-rest.ts'
import type { StrengthMeter } from '../crypto/password-strength.ts'
import type { PasswordHashing } from '../crypto/passwords.ts'
import type { Delivery } from '../delivery/delivery.ts'
import type { ProjectRecord } from '../domain/records.ts'
import type { Providers } from '../external/providers.ts'
import type { IsBreachedPassword } from '../is-breached-password.ts'
import type { LookUpDevice } from '../look-up-device.ts'
import { environmentOf } from '../project-id.ts'
import { createSigningKeys, type SigningKeys } from '../signing-keys.ts'
import type { Store } from '../store/store.ts'
import type { NoticeSender } from './notice-sender.ts'
import type { WrongSecrets } from './wrong-secrets.ts'

/** What all calls share. */
export interface Shared {
  readonly store: Store
  readonly atRest: AtRest
  readonly passwords: PasswordHashing
  readonly strengthMeter: StrengthMeter
  readonly isBreachedPassword?: IsBreachedPassword | undefined
  readonly delivery: Delivery
  readonly lookUpDevice: LookUpDevice | undefined
  readonly providers: Providers
  readonly noticeSender: NoticeSender
  readonly wrongSecrets: WrongSecrets
  readonly warnOfShortSecret: (project_id: string) => void
  readonly now: () => number
  /** Whether the authority ends. */
  readonly isClosing?: () => boolean
}

/** Makes what a call of the project itself may use. */
export type ContextOf = (project: ProjectRecord) => Context

export function createContexts(shared: Shared): ContextOf {
  const { store, atRest, passwords, strengthMeter, isBreachedPassword, delivery, providers, now } =
    shared
  const signingKeysOf = signingKeysByProject(shared)
  return (project) => ({
    project,
    environment: environmentOf(project.project_id),
    store: store.ofProject(project.project_id),
    atRest,
    signingKeys: signingKeysOf(project.project_id),
    passwords,
    strengthMeter,
    isBreachedPassword,
    delivery,
    providers,
    caller: undefined,
    ipKey: undefined,
    subject: {},
    notices: [],
    now: now()
  })
}

function signingKeysByProject({ store, atRest }: Shared): (project_id: string) => SigningKeys {
  const known = new Map<string, SigningKeys>()
  return (project_id) => {
    const kept = known.get(project_id)
    if (kept !== undefined) return kept
    const keys = createSigningKeys(store.ofProject(project_id), atRest, environmentOf(project_id))
    known.set(project_id, keys)
    return keys
  }
}
