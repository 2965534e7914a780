import { eraseMember } from '../authority/erase-member.ts'
import type { ProjectStore } from '../authority/store/store.ts'
import { unlockMember } from '../authority/unlock-member.ts'
import { ConfigError } from '../errors/config-error.ts'
import type { EraseOptions, MembersOptions, UnlockOptions } from './members-options.ts'
import { withProject } from './open-database.ts'

/** Does to one member what no member may do to itself, also while servers use the database. */
export function runMembers(options: MembersOptions): Promise<void> {
  return withProject(options, (project) =>
    options.command === 'erase' ? erase(project, options) : unlock(project, options)
  )
}

async function erase(project: ProjectStore, { member_id, json }: EraseOptions): Promise<void> {
  if (!(await eraseMember(project, member_id, Date.now()))) {
    throw new ConfigError(
      '--member names no deleted member of the project. Only who is deleted can be erased.'
    )
  }
  const { project_id } = project
  print(json ? JSON.stringify({ project_id, member_id }) : `${member_id} is erased.`)
}

async function unlock(project: ProjectStore, { unlocked, json }: UnlockOptions): Promise<void> {
  if (!(await unlockMember(project, unlocked, Date.now()))) {
    throw new ConfigError('--member names no member of the project.')
  }
  const { project_id } = project
  print(json ? JSON.stringify({ project_id, ...unlocked }) : describeUnlocked(unlocked))
}

function describeUnlocked(unlocked: UnlockOptions['unlocked']): string {
  return 'member_id' in unlocked
    ? `${unlocked.member_id} is unlocked. A password that is disabled comes back by a new one that is set by e-mail.`
    : `The codes to ${unlocked.email_address} are unlocked.`
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
