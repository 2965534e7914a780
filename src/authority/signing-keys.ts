import type { KeyObject } from 'node:crypto'
import { ConfigError } from '../errors/config-error.ts'
import type { JWK } from '../wire/sessions.ts'
import type { AtRest } from './crypto/at-rest.ts'
import { newSigningKey, readPrivateKey, readPublicKey } from './crypto/signing-keys.ts'
import type { Environment } from './crypto/tokens.ts'
import type { ProjectStore, SigningKeyRecord } from './store/store.ts'

/** The keys that sign and verify the session JWTs of one project. */
export interface SigningKeys {
  signingKey(now: number): Promise<{ readonly kid: string; readonly privateKey: KeyObject }>
  /** `undefined`: no key of this project has the id. */
  verificationKey(kid: string): Promise<KeyObject | undefined>
  listPublic(now: number): Promise<JWK[]>
}

const firstGeneration = 1

/** The first key is made when it is first needed. Where several processes make one, the first to store it wins. */
export function createSigningKeys(
  store: ProjectStore,
  atRest: AtRest,
  environment: Environment
): SigningKeys {
  const verifying = new Map<string, KeyObject>()
  let signing: ReturnType<SigningKeys['signingKey']> | undefined
  let keeping: Promise<readonly SigningKeyRecord[]> | undefined

  async function loadSigningKey(now: number) {
    const [record] = await keepOneTogether(now)
    if (record === undefined) throw new Error('The signing key was stored but cannot be read.')
    const pem = atRest.open(record.private_key, sealingContext(store.project_id, record.kid))
    return { kid: record.kid, privateKey: readPrivateKey(pem) }
  }

  async function keepOne(now: number): Promise<readonly SigningKeyRecord[]> {
    const kept = await store.listSigningKeys()
    if (kept.length > 0) return kept
    const { kid, public_jwk, private_pem } = await newSigningKey(environment, now)
    await store.run([
      {
        do: 'insertSigningKey',
        kid,
        public_jwk,
        private_key: atRest.seal(private_pem, sealingContext(store.project_id, kid)),
        generation: firstGeneration,
        now
      }
    ])
    return store.listSigningKeys()
  }

  /** Whoever asks at the same moment shares one answer: a key takes long to make. */
  function keepOneTogether(now: number): Promise<readonly SigningKeyRecord[]> {
    keeping ??= keepOne(now).finally(() => {
      keeping = undefined
    })
    return keeping
  }

  return {
    signingKey(now) {
      signing ??= loadSigningKey(now).catch((error: unknown) => {
        signing = undefined
        throw error
      })
      return signing
    },

    async verificationKey(kid) {
      const known = verifying.get(kid)
      if (known !== undefined) return known
      for (const key of await store.listSigningKeys()) {
        verifying.set(key.kid, readPublicKey(key.public_jwk))
      }
      return verifying.get(kid)
    },

    async listPublic(now) {
      return (await keepOneTogether(now)).map(({ public_jwk }) => public_jwk)
    }
  }
}

/**
 * Opens the signing keys that the database has already, so that a wrong key stops the start and not a sign-in.
 *
 * @throws ConfigError
 */
export async function refuseWrongAtRestKey(store: ProjectStore, atRest: AtRest): Promise<void> {
  for (const { kid, private_key } of await store.listSigningKeys()) {
    try {
      atRest.open(private_key, sealingContext(store.project_id, kid))
    } catch {
      throw new ConfigError(
        'The keys do not open what the database holds. Set MEMBERGATE_KEY to the key it was written with, or list that key in MEMBERGATE_KEYS as well.'
      )
    }
  }
}

function sealingContext(project_id: string, kid: string): string {
  return `${project_id}|signing-key|${kid}`
}
