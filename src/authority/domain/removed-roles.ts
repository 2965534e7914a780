interface Roles {
  readonly roles: readonly { readonly role_id: string }[]
  /** Ids of roles that were there before. */
  readonly removed_roles: readonly string[]
}

interface Replacing {
  readonly roles: Roles['roles']
  /** Whether a role that is named again comes back with all who had it. */
  readonly restores: boolean
}

/**
 * The ids of roles that are gone when others take the place of those that there were. A role that was removed once is not
 * restored by being named again: members still have it assigned, and would have it back unawares.
 */
export function removedRoles(before: Roles, { roles, restores }: Replacing): readonly string[] {
  const named = new Set(roles.map(({ role_id }) => role_id))
  const lost = before.roles.map(({ role_id }) => role_id).filter((role_id) => !named.has(role_id))
  const earlier = before.removed_roles.filter((role_id) => !(restores && named.has(role_id)))
  return [...new Set([...earlier, ...lost])]
}
