import type { KeyObject } from 'node:crypto'
import { ConfigError } from '../errors/config-error.ts'
import type { JWK } from '../wire/sessions.ts'
import { auditOfCommand } from './command-audit.ts'
import type { AtRest } from './crypto/at-rest.ts'
import {
  newSigningKey,
  readPrivateKey,
  readPublicKey,
  type SigningKey
} from './crypto/signing-keys.ts'
import type { Environment } from './crypto/tokens.ts'
import type { SigningKeyRecord } from './domain/records.ts'
import {
  addKey,
  isKeyDue,
  isRotatedAtOnce,
  keysKnownForMs,
  keysTooOldMs,
  publishedKeys,
  signingKeyAt,
  waitingKey
} from './domain/signing-keys.ts'
import { DatabaseUnavailable } from './store/engine.ts'
import type { ProjectStore } from './store/store.ts'

/** The keys that sign and verify the session JWTs of one project. */
export interface SigningKeys {
  signingKey(now: number): Promise<{ readonly kid: string; readonly privateKey: KeyObject }>
  /** `undefined`: no key of this project has the id, or it has ended. */
  verificationKey(kid: string, now: number): Promise<KeyObject | undefined>
  listPublic(now: number): Promise<JWK[]>
}

/** What the database said, and when it was read: by the clock of the authority, and by a monotonic one. */
interface Known {
  readonly keys: readonly SigningKeyRecord[]
  readonly now: number
  readonly readAt: number
}

/**
 * The first key is made when it is first needed, and the next one when it is due. Where several processes make one, the
 * first to store it wins. The database is read every two seconds at most.
 */
export function createSigningKeys(
  store: ProjectStore,
  atRest: AtRest,
  environment: Environment
): SigningKeys {
  const signing = new Map<string, KeyObject>()
  const verifying = new Map<string, KeyObject>()
  let known: Known | undefined
  let loading: Promise<Known> | undefined

  async function keysAt(now: number): Promise<readonly SigningKeyRecord[]> {
    if (known === undefined || !isFresh(known, now)) known = await loadTogether(now)
    return publishedKeys(known.keys, now)
  }

  /** Calls at the same time share one answer: a key takes long to make. */
  function loadTogether(now: number): Promise<Known> {
    loading ??= load(now).finally(() => {
      loading = undefined
    })
    return loading
  }

  async function load(now: number): Promise<Known> {
    const first = await read(now)
    if (!isKeyDue(first.keys, now)) return first
    const made = await makeKey(store, atRest, environment, now)
    // Where another process was faster, its key is the one.
    await store.tryRun(addKey(first.keys, made, now))
    return read(now)
  }

  async function read(now: number): Promise<Known> {
    const readAt = performance.now()
    const keys = await store.listSigningKeys()
    // The keys may have been rotated since: better no answer than one signed with a key that has ended.
    if (performance.now() - readAt > keysTooOldMs) {
      throw new DatabaseUnavailable(new Error('The signing keys took too long to read.'))
    }
    dropEnded(signing, keys)
    dropEnded(verifying, keys)
    return { keys, now, readAt }
  }

  return {
    async signingKey(now) {
      const record = signingKeyAt(await keysAt(now), now)
      if (record === undefined) throw new Error('The signing key was stored but cannot be read.')
      const { kid, private_key } = record
      const place = placeOfSigningKey(store.project_id, kid)
      const privateKey =
        signing.get(kid) ?? remember(signing, kid, readPrivateKey(atRest.open(private_key, place)))
      return { kid, privateKey }
    },

    async verificationKey(kid, now) {
      const record = (await keysAt(now)).find((key) => key.kid === kid)
      if (record === undefined) return undefined
      return verifying.get(kid) ?? remember(verifying, kid, readPublicKey(record.public_jwk))
    },

    async listPublic(now) {
      return (await keysAt(now)).map(({ public_jwk }) => public_jwk)
    }
  }
}

/** What a rotation led to. Times are epoch milliseconds. */
export interface Rotation {
  /** The newest key, and from when on it signs. */
  readonly kid: string
  readonly published_at: number
  readonly signs_at: number
  /** The keys before it, and until when they are published and believed. */
  readonly earlier: readonly { readonly kid: string; readonly ends_at: number | null }[]
}

/**
 * Publishes a new key, which signs a day later. Where one is waiting already it is that one, so that several rotations at
 * the same time make one new key. At once ends every other key within seconds, also one that waits.
 */
export async function rotateSigningKeys(
  store: ProjectStore,
  atRest: AtRest,
  environment: Environment,
  { atOnce, now }: { readonly atOnce: boolean; readonly now: () => number }
): Promise<Rotation> {
  const since = now()
  for (;;) {
    const keys = await store.listSigningKeys()
    const isDone = atOnce ? isRotatedAtOnce(keys, since) : waitingKey(keys, now()) !== undefined
    if (isDone) return describeRotation(keys)
    const made = await makeKey(store, atRest, environment, now())
    const command = { kind: 'key', operation: 'keys.rotate', occurred_at: now() } as const
    const conflict = await store.tryRun([
      ...addKey(keys, made, now(), atOnce),
      ...auditOfCommand(store.project_id, command)
    ])
    if (conflict === undefined) return describeRotation(await store.listSigningKeys())
  }
}

/**
 * Opens the signing keys that the database has already, so that a wrong key stops the start and not a sign-in.
 *
 * @throws ConfigError
 */
export async function assertAtRestKey(store: ProjectStore, atRest: AtRest): Promise<void> {
  for (const { kid, private_key } of await store.listSigningKeys()) {
    try {
      atRest.open(private_key, placeOfSigningKey(store.project_id, kid))
    } catch {
      throw new ConfigError(
        'The keys do not open what the database holds. Set MEMBERGATE_KEY to the key it was written with, or list that key in MEMBERGATE_KEYS as well.'
      )
    }
  }
}

export function placeOfSigningKey(project_id: string, kid: string): string {
  return `${project_id}|signing-key|${kid}`
}

async function makeKey(
  { project_id }: ProjectStore,
  atRest: AtRest,
  environment: Environment,
  now: number
) {
  return sealSigningKey(await newSigningKey(environment, now), project_id, atRest)
}

/** The key as the database holds it. */
export function sealSigningKey(
  { kid, public_jwk, private_pem }: SigningKey,
  project_id: string,
  atRest: AtRest
) {
  return {
    kid,
    public_jwk,
    private_key: atRest.seal(private_pem, placeOfSigningKey(project_id, kid))
  }
}

function describeRotation(keys: readonly SigningKeyRecord[]): Rotation {
  const [newest, ...earlier] = keys
  if (newest === undefined) throw new Error('The signing key was stored but cannot be read.')
  const { kid, created_at: published_at, signs_at } = newest
  return {
    kid,
    published_at,
    signs_at,
    earlier: earlier.map(({ kid, ends_at }) => ({ kid, ends_at }))
  }
}

function isFresh({ now: knownAt, readAt }: Known, now: number): boolean {
  const ages = [performance.now() - readAt, Math.abs(now - knownAt)]
  return ages.every((age) => age < keysKnownForMs)
}

function remember<Value>(values: Map<string, Value>, kid: string, value: Value): Value {
  values.set(kid, value)
  return value
}

/** Nothing is kept of a key that is gone. */
function dropEnded(values: Map<string, unknown>, keys: readonly SigningKeyRecord[]): void {
  for (const kid of values.keys()) {
    if (!keys.some((key) => key.kid === kid)) values.delete(kid)
  }
}
