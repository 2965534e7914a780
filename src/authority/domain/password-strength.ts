import type { LudsFeedback } from '../../wire/passwords.ts'

/** What a password needs of the scores 0 to 4. */
const minScore = 3

export function isStrong({ score }: { readonly score: number }): boolean {
  return score >= minScore
}

/** Words of two letters would lower passwords that merely hold them. */
const minHintLength = 3

/** What an attacker who knows the person would try first: address and name, whole, in halves and in words. */
export function strengthHints({
  email_address = '',
  name = ''
}: {
  readonly email_address?: string
  readonly name?: string
}): readonly string[] {
  const texts = [email_address, ...email_address.split('@'), name]
  const words = texts.flatMap((text) => text.split(/[^\p{L}\p{M}\p{N}]+/u))
  return [...new Set([...texts, ...words])].filter(({ length }) => length >= minHintLength)
}

/** What the password is made of. No rule about it is in force, so nothing is missing. */
export function ludsFeedback(password: string): LudsFeedback {
  return {
    has_lower_case: /[a-z]/.test(password),
    has_upper_case: /[A-Z]/.test(password),
    has_digit: /[0-9]/.test(password),
    has_symbol: /[^a-zA-Z0-9]/.test(password),
    missing_complexity: 0,
    missing_characters: 0
  }
}
