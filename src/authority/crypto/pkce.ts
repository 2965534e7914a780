import { OperationError } from '../domain/operation-error.ts'
import { sha256 } from './tokens.ts'

/** PKCE (RFC 7636, S256): a flow that began with a challenge is ended only by the client that has its verifier. */
export function assertCodeVerifier(
  code_challenge: string | null,
  code_verifier: string | undefined
): void {
  if (code_challenge === null) {
    if (code_verifier !== undefined) throw new OperationError('pkce_did_not_expect_code_verifier')
    return
  }
  if (code_verifier === undefined) throw new OperationError('pkce_expected_code_verifier')
  if (sha256(code_verifier) !== code_challenge) throw new OperationError('pkce_mismatch')
}
