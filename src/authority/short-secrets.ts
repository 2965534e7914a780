export const minSecretLength = 32

/** Whether guesses can find it: of a secret that was given by hand, its length is all that shows. */
export function isShortSecret(secret: string): boolean {
  return secret.length < minSecretLength
}

/** Tells the operator, once for each project, that it goes on with a short secret. */
export function createShortSecretWarning(
  allowed: ReadonlySet<string>
): (project_id: string) => void {
  const known = new Set(allowed)
  return function warnOfShortSecret(project_id) {
    if (known.has(project_id)) return
    known.add(project_id)
    process.emitWarning(
      `The secret of ${project_id} has fewer than ${minSecretLength} characters, so guesses can find it. Give the project a new one.`,
      { type: 'MembergateWarning', code: 'MEMBERGATE_SHORT_SECRET' }
    )
  }
}
