import { createInstance, type Instance } from './instance.ts'

const instances = new Map<string, Instance>()

/**
 * The instance of the environment: one per distinct `STYTCH_PROJECT_ID`, `STYTCH_SECRET` and `STYTCH_URL`.
 *
 * @throws ConfigError when a variable is missing, so that a factory stops the boot and not the first request
 */
export function defaultInstance(): Instance {
  const { STYTCH_PROJECT_ID, STYTCH_SECRET, STYTCH_URL } = process.env
  const key = JSON.stringify([STYTCH_PROJECT_ID, STYTCH_SECRET, STYTCH_URL])
  const known = instances.get(key)
  if (known !== undefined) return known
  const created = createInstance()
  instances.set(key, created)
  return created
}
