import { type Problem, problem } from '../domain/problem.ts'
import { sha256 } from './tokens.ts'

/** PKCE (RFC 7636, S256): what a flow was begun with, only who has the verifier ends. */
export function refuseVerifier(
  code_challenge: string | null,
  code_verifier: string | undefined
): Problem | undefined {
  if (code_challenge === null) {
    return code_verifier === undefined ? undefined : problem('pkce_did_not_expect_code_verifier')
  }
  if (code_verifier === undefined) return problem('pkce_expected_code_verifier')
  return sha256(code_verifier) === code_challenge ? undefined : problem('pkce_mismatch')
}
