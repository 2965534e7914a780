import { restoreRole } from '../authority/restore-role.ts'
import { openStoreBeside } from '../authority/store/store.ts'
import { chooseProject } from './choose-project.ts'
import { databaseError } from './database-error.ts'
import type { RolesOptions } from './roles-options.ts'

/** Restores a role that was removed from a policy, also while servers use the database. */
export async function runRoles(options: RolesOptions): Promise<void> {
  const store = await openStoreBeside(options.database.location).catch((error: unknown) => {
    throw databaseError(error)
  })
  try {
    const projects = await store.listProjects()
    const project = chooseProject(
      projects.map(({ project_id }) => store.ofProject(project_id)),
      options.project_id
    )
    const { role_id } = options
    await restoreRole(project, options, Date.now())
    const { project_id } = project
    process.stdout.write(
      options.json
        ? `${JSON.stringify({ project_id, role_id })}\n`
        : `${role_id} is restored: where the policy names it, the members who had it have it again.\n`
    )
  } catch (error) {
    throw databaseError(error)
  } finally {
    await store.close()
  }
}
