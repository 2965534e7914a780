import type { Environment } from './crypto/tokens.ts'

const form = /^project-(test|live)-[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

export function isProjectId(text: string): boolean {
  return form.test(text)
}

/** Every id of a project says which one it is of. */
export function environmentOf(project_id: string): Environment {
  return project_id.startsWith('project-live-') ? 'live' : 'test'
}
