import { eraseMember } from '../authority/erase-member.ts'
import { openStoreBeside, type ProjectStore } from '../authority/store/store.ts'
import { ConfigError } from '../errors/config-error.ts'
import { chooseProject } from './choose-project.ts'
import { databaseError } from './database-error.ts'
import type { MembersOptions } from './members-options.ts'

/** Does to one member what no member may do, also while servers use the database. */
export async function runMembers(options: MembersOptions): Promise<void> {
  const store = await openStoreBeside(options.database.location).catch((error: unknown) => {
    throw databaseError(error)
  })
  try {
    const projects = await store.listProjects()
    const project = chooseProject(
      projects.map(({ project_id }) => store.ofProject(project_id)),
      options.project_id
    )
    await erase(project, options)
  } catch (error) {
    throw databaseError(error)
  } finally {
    await store.close()
  }
}

async function erase(project: ProjectStore, { member_id, json }: MembersOptions): Promise<void> {
  if (!(await eraseMember(project, member_id, Date.now()))) {
    throw new ConfigError(
      '--member names no deleted member of the project. Only who is deleted can be erased.'
    )
  }
  const { project_id } = project
  print(json ? JSON.stringify({ project_id, member_id }) : `${member_id} is erased.`)
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
