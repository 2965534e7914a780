import { createHash, hkdfSync } from 'node:crypto'
import * as v from 'valibot'
import { decryptText, encryptText } from '../../jwt/jose.ts'
import type { MfaRequired, PrimaryRequired } from '../../wire/sign-in.ts'

/** A pending sign-in, as the browser keeps it beside the intermediate session token. */
export interface SignInState {
  readonly organization_id: string
  readonly member_id: string
  readonly mfa_required: MfaRequired | null
  readonly primary_required: PrimaryRequired | null
  /** Path of this app to go on to. */
  readonly return_to: string
  /** Which second factors the organization accepts; left out where it accepts all. */
  readonly allowed_mfa_methods?: readonly string[] | undefined
  /** Too many codes were wrong. */
  readonly locked?: boolean | undefined
}

/** A discovery sign-in: an e-mail address is verified, and no organization chosen yet. */
export interface DiscoveryState {
  readonly email_address: string
  /** Path of this app to go on to. */
  readonly return_to: string
}

/** A state together with the intermediate session that it belongs to. */
export interface BoundState<State = SignInState | DiscoveryState> {
  readonly state: State
  readonly intermediate_session_token: string
  /** End of the intermediate session, in epoch milliseconds. */
  readonly expiresAt: number
}

export interface SealedStates {
  seal(bound: BoundState): Promise<string>
  /** `undefined` when it cannot be opened, has expired, or belongs to another intermediate session. */
  open(
    sealed: string,
    intermediate_session_token: string,
    now: number
  ): Promise<BoundState | undefined>
}

const mfaRequired: v.GenericSchema<unknown, MfaRequired> = v.object({
  member_options: v.optional(
    v.nullable(v.object({ mfa_phone_number: v.string(), totp_registration_id: v.string() }))
  ),
  secondary_auth_initiated: v.optional(v.nullable(v.string()))
})

const common = { return_to: v.string(), token_hash: v.string(), exp: v.number() }

const sealedSchema = v.union([
  v.object({
    organization_id: v.string(),
    member_id: v.string(),
    mfa_required: v.nullable(mfaRequired),
    primary_required: v.nullable(v.object({ allowed_auth_methods: v.array(v.string()) })),
    allowed_mfa_methods: v.optional(v.array(v.string())),
    locked: v.optional(v.boolean()),
    ...common
  }),
  v.object({ email_address: v.string(), ...common })
])

/** Seals states with the first key and opens those of all: each key is derived for this purpose alone (RFC 5869). */
export function createSealedStates(keys: readonly string[]): SealedStates {
  const [first, ...others] = keys.map(
    (key) => new Uint8Array(hkdfSync('sha256', key, '', 'membergate sign-in state', 32))
  )
  if (first === undefined) throw new Error('Sealing needs a key.')

  return {
    seal({ state, intermediate_session_token, expiresAt }) {
      const token_hash = hashOf(intermediate_session_token)
      return encryptText(JSON.stringify({ ...state, token_hash, exp: expiresAt }), first)
    },
    async open(sealed, intermediate_session_token, now) {
      for (const key of [first, ...others]) {
        const text = await decryptText(sealed, key)
        if (text === undefined) continue
        const read = v.safeParse(sealedSchema, JSON.parse(text))
        if (!read.success) return undefined
        const { token_hash, exp, ...state } = read.output
        const isOurs = token_hash === hashOf(intermediate_session_token) && now < exp
        return isOurs ? { state, intermediate_session_token, expiresAt: exp } : undefined
      }
      return undefined
    }
  }
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('base64url')
}
