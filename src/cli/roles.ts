import { restoreRole } from '../authority/restore-role.ts'
import { withProject } from './open-database.ts'
import type { RolesOptions } from './roles-options.ts'

/** Restores a role that was removed from a policy, also while servers use the database. */
export function runRoles(options: RolesOptions): Promise<void> {
  return withProject(options, async (project) => {
    const { role_id } = options
    await restoreRole(project, options, Date.now())
    const { project_id } = project
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ project_id, role_id })}\n`
        : `${role_id} is restored: where the policy names it, the members who had it have it again.\n`
    )
  })
}
