import type { ErrorType } from '../../wire/error-types.ts'
import type { Context } from '../context.ts'
import { assertCodeVerifier } from '../crypto/pkce.ts'
import { isLinkToken, newId, newLinkToken, sha256 } from '../crypto/tokens.ts'
import { OperationError } from '../domain/operation-error.ts'
import type { LinkKind, LinkRecord } from '../domain/records.ts'
import { chooseRedirectUrl, linkTo } from '../domain/redirect-url.ts'
import type { Write } from '../domain/writes.ts'
import { about } from './about.ts'

/** What a link is for, and where it leads. */
export interface LinkPurpose {
  readonly kind: LinkKind
  readonly stytch_token_type: string
  readonly email_address: string
  readonly redirect_url: URL
  readonly code_challenge: string | undefined
  readonly minutes: number
}

/** Where a link leads: see {@link chooseRedirectUrl}. `missing` is the answer where neither the call nor the project says. */
export function readRedirectUrl(
  { project }: Context,
  given: string | undefined,
  missing: ErrorType,
  unregistered: ErrorType = 'no_match_for_provided_magic_link_url'
): URL {
  return chooseRedirectUrl(given, project.settings, { missing, unregistered })
}

/** A link to send, and the write that makes it good: for a member, or in discovery for none. */
export interface NewLink {
  readonly link: string
  readonly token: string
  write(member_id: string | null): Write
}

export function newLink(
  { environment, now }: Context,
  { kind, stytch_token_type, email_address, redirect_url, code_challenge, minutes }: LinkPurpose
): NewLink {
  const token = newLinkToken()
  const record = {
    link_id: newId('link', environment),
    kind,
    email_address,
    code_challenge: code_challenge ?? null,
    expires_at: now + minutes * 60_000,
    used_at: null
  }
  return {
    link: linkTo(redirect_url, stytch_token_type, token),
    token,
    write: (member_id) => ({
      do: 'insertLink',
      link: { ...record, member_id },
      token_hash: sha256(token),
      now
    })
  }
}

/**
 * The link that a token is of. One of another purpose is as unknown as none. A flow that began with a challenge needs
 * its verifier: without it a link is not used up, so a person who merely read it cannot spoil it.
 */
export async function loadLink(
  context: Context,
  token: string,
  kinds: readonly LinkKind[],
  pkce_code_verifier: string | undefined
): Promise<LinkRecord> {
  const { store, now } = context
  if (!isLinkToken(token)) throw new OperationError('invalid_token')
  const link = about(context, await store.findLink(sha256(token)))
  if (link === undefined || !kinds.includes(link.kind)) {
    throw new OperationError('magic_link_not_found')
  }
  if (link.used_at !== null || link.expires_at <= now) {
    throw new OperationError('unable_to_auth_magic_link')
  }
  assertCodeVerifier(link.code_challenge, pkce_code_verifier)
  return link
}

/** The first call that uses it wins. */
export function useLink({ link_id }: LinkRecord, now: number): Write {
  return { do: 'useLink', link_id, now, onConflict: 'unable_to_auth_magic_link' }
}
