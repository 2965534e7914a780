import { isDeepStrictEqual } from 'node:util'
import * as v from 'valibot'
import { oauthClientRoutes } from '../../src/wire/oauth-clients.ts'
import { listRoutes } from '../../src/wire/routes.ts'
import { operationOf } from './answered.ts'

const responses: ReadonlyMap<string, v.GenericSchema> = new Map(
  listRoutes().map(([name, { response }]) => [name, response])
)

/**
 * How an answer departs from the schema of its operation, as paths: members that are missing or of another type, and
 * members that the schema does not know.
 */
export function faultsOfAnswer(operation: string, answer: unknown): readonly string[] {
  const response = responses.get(operation)
  if (response === undefined) throw new Error(`There is no operation ${operation}.`)
  return faultsBy(response, answer)
}

/** The same of what went over the wire to a path; nothing is known of answers that are no success. */
export function faultsOfCall(
  { method, path }: { readonly method: string; readonly path: string },
  status: number | undefined,
  body: string
): readonly string[] {
  const operation = operationOf(method, path)
  const response = operation === undefined ? oauthResponseOf(path) : responses.get(operation)
  return status !== 200 || response === undefined ? [] : faultsBy(response, JSON.parse(body))
}

function oauthResponseOf(path: string): v.GenericSchema | undefined {
  const [, name] = /^\/v1\/(?:public\/[^/]+\/)?oauth2\/(\w+)$/.exec(path) ?? []
  return Object.entries(oauthClientRoutes).find(([known]) => known === name)?.[1].response
}

function faultsBy(schema: v.GenericSchema, answer: unknown): readonly string[] {
  const checked = v.safeParse(schema, answer)
  if (!checked.success) {
    return checked.issues.map((issue) => `$.${v.getDotPath(issue)}: ${issue.message}`)
  }
  // A schema passes over what it does not know: its output has only what it does.
  return unknownPaths(answer, checked.output)
}

function unknownPaths(answer: unknown, known: unknown, path = '$'): readonly string[] {
  if (typeof answer !== 'object' || answer === null) {
    return isDeepStrictEqual(answer, known) || isLeftOut(answer, known) ? [] : [path]
  }
  if (typeof known !== 'object' || known === null) return [path]
  return Object.entries(answer).flatMap(([name, child]) =>
    Object.hasOwn(known, name)
      ? unknownPaths(child, Reflect.get(known, name), `${path}.${name}`)
      : [`${path}.${name}`]
  )
}

/** Schemas turn a null that counts as left out into `undefined`. */
function isLeftOut(answer: unknown, known: unknown): boolean {
  return answer === null && known === undefined
}
