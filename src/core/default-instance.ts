import { createMemberAuthCore, type MemberAuth } from './member-auth.ts'

const instances = new Map<string, MemberAuth>()

/**
 * The instance of the environment: one per distinct `STYTCH_PROJECT_ID`, `STYTCH_SECRET` and `STYTCH_URL`.
 *
 * @throws ConfigError when a variable is missing, so that a factory stops the boot and not the first request
 */
export function defaultInstance(): MemberAuth {
  const { STYTCH_PROJECT_ID, STYTCH_SECRET, STYTCH_URL } = process.env
  const key = JSON.stringify([STYTCH_PROJECT_ID, STYTCH_SECRET, STYTCH_URL])
  const known = instances.get(key)
  if (known !== undefined) return known
  const created = createMemberAuthCore()
  instances.set(key, created)
  return created
}
