import { createKeySet, type KeySet } from '../../jwt/key-set.ts'
import type { TrustedTokenProfile } from '../domain/records.ts'
import { fetchJson } from './fetch-json.ts'

/** Where the authority checks the tokens of other issuers: only at URLs that the settings of a project name. */
export interface Providers {
  /** The key set at the profile's URL: fetched when needed, and shared by all calls. */
  keySetOf(profile: Extract<TrustedTokenProfile, { public_key_type: 'JWK' }>): KeySet
  /**
   * What a UserInfo endpoint (OpenID Connect Core section 5.3) says of the holder of a credential.
   *
   * @throws ProviderFailure
   */
  userinfo(url: string, credential: string): Promise<unknown>
}

interface ProvidersOptions {
  readonly fetch: typeof globalThis.fetch
  readonly now: () => number
}

export function createProviders({ fetch, now }: ProvidersOptions): Providers {
  const keySets = new Map<string, KeySet>()
  return {
    keySetOf({ jwks_url, algorithms }) {
      const name = `${algorithms.join(' ')} ${jwks_url}`
      const known = keySets.get(name)
      if (known !== undefined) return known
      const fetchKeys = async () => keysOf(await fetchJson(fetch, { url: jwks_url }))
      const keySet = createKeySet({ fetchKeys, now, algorithms })
      keySets.set(name, keySet)
      return keySet
    },

    userinfo: (url, credential) =>
      fetchJson(fetch, { url, headers: { Authorization: `Bearer ${credential}` } })
  }
}

function keysOf(jwks: unknown): readonly unknown[] {
  const keys: unknown = Reflect.get(Object(jwks), 'keys')
  if (!Array.isArray(keys)) throw new Error('The key set holds no keys.')
  return keys
}
