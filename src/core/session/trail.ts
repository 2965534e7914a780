import type { RefusalSubject, TriedStep } from '../../errors/explanation.ts'

import type { Credential } from '../request/credentials.ts'

/** How a credential was looked into. A credential that this process knows leaves no trail, and costs nothing. */
export interface Trail {
  readonly tried: TriedStep[]
  /** Whose session it is, once a signature or the authority says so. */
  subject: RefusalSubject | undefined
}

const trails = new WeakMap<Credential, Trail>()

export function beginTrail(credential: Credential): Trail {
  const trail: Trail = { tried: [], subject: undefined }
  trails.set(credential, trail)
  return trail
}

/** The steps that led to a session. */
export function stepsOf(credential: Credential): readonly TriedStep[] {
  const { transport, session_jwt } = credential
  const name = session_jwt === undefined ? 'session_token' : 'session_jwt'
  return trails.get(credential)?.tried ?? [`${transport}:${name}`, 'local:known']
}
