import { discoveryRoutes } from './discovery.ts'
import { idpRoutes } from './idp.ts'
import { magicLinksRoutes } from './magic-links.ts'
import { organizationsRoutes } from './organizations.ts'
import { otpsRoutes } from './otps.ts'
import { passwordsRoutes } from './passwords.ts'
import { rbacRoutes } from './rbac.ts'
import { recoveryCodesRoutes } from './recovery-codes.ts'
import type { Route } from './route.ts'
import { sessionsRoutes } from './sessions.ts'
import { totpsRoutes } from './totps.ts'

/**
 * Every operation, under the name that the official SDK gives it: `routes.sessions.authenticate` is called as
 * `client.sessions.authenticate(…)`. The client is derived from this tree and the authority answers it.
 */
export const routes = {
  sessions: sessionsRoutes,
  discovery: discoveryRoutes,
  totps: totpsRoutes,
  recoveryCodes: recoveryCodesRoutes,
  otps: otpsRoutes,
  magicLinks: magicLinksRoutes,
  passwords: passwordsRoutes,
  rbac: rbacRoutes,
  organizations: organizationsRoutes,
  idp: idpRoutes
}

export type Routes = typeof routes

type Names<Tree, Prefix extends string = ''> = {
  [Key in keyof Tree & string]: Tree[Key] extends { readonly path: string }
    ? `${Prefix}${Key}`
    : Names<Tree[Key], `${Prefix}${Key}.`>
}[keyof Tree & string]

/** `'sessions.authenticate' | 'totps.create' | …` */
export type OperationName = Names<Routes>

type At<Tree, Name extends string> = Name extends `${infer Head}.${infer Rest}`
  ? Head extends keyof Tree
    ? At<Tree[Head], Rest>
    : never
  : Name extends keyof Tree
    ? Tree[Name]
    : never

/** The route of an operation, by its name. */
export type RouteOf<Name extends OperationName> = At<Routes, Name>

/** The request of an operation, by its name. */
export type RequestOf<Name extends OperationName> =
  RouteOf<Name> extends Route<infer Request, infer _Response> ? Request : never

/** The answer of an operation, by its name. */
export type ResponseOf<Name extends OperationName> =
  RouteOf<Name> extends Route<infer _Request, infer Response> ? Response : never

export function isRoute(node: unknown): node is Route<unknown, unknown> {
  return typeof node === 'object' && node !== null && typeof Reflect.get(node, 'path') === 'string'
}

/** Every operation as `[name, route]`, in the order of the tree. */
export function listRoutes(): readonly (readonly [OperationName, Route<unknown, unknown>])[] {
  const list: (readonly [OperationName, Route<unknown, unknown>])[] = []
  const walk = (node: object, prefix: string) => {
    for (const [key, child] of Object.entries(node)) {
      if (isRoute(child)) list.push([`${prefix}${key}` as OperationName, child])
      else walk(child, `${prefix}${key}.`)
    }
  }
  walk(routes, '')
  return list
}
