import { describe, test } from '@jest/globals'

interface Need {
  readonly name: string
  /** Why it cannot be had here; `undefined` when it can. */
  readonly missing: string | undefined
  /** What it is called in `REQUIRE`. */
  readonly requiredAs: string
}

/** Runs a suite where what it needs is there. Else it is reported as skipped by name, or as failed where `REQUIRE` lists it. */
export function describeWhere({ name, missing, requiredAs }: Need, suite: () => void): void {
  const required = (process.env.REQUIRE ?? '').split(',')
  if (missing === undefined) describe(name, suite)
  else if (required.includes(requiredAs))
    test(`${name}: ${missing}`, () => Promise.reject(new Error(missing)))
  else describe.skip(`${name}: ${missing}`, () => test('is skipped', () => {}))
}
