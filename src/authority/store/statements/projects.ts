import { sql } from '../sql.ts'
import { auditEvents, projects, signingKeys } from '../tables.ts'
import type { Statements } from './prepared.ts'

/** Projects, their signing keys and their audit. */
export const projectStatements = {
  insertProject: ({ secret_hash, policy, settings, now }) =>
    projects.insertNew({ secret_hash, policy, settings, created_at: now }),

  setProjectSecret: ({ secret_hash }) => sql`
    update projects set secret_hash = ${secret_hash} where project_id = $1`,

  setProjectPolicy: ({ policy }) => sql`
    update projects set policy = ${JSON.stringify(policy)} where project_id = $1`,

  setProjectSettings: ({ settings }) => sql`
    update projects set settings = ${JSON.stringify(settings)} where project_id = $1`,

  insertSigningKey: ({ key }) => signingKeys.insertNew(key),

  endSigningKeys: ({ before_generation, ends_at }) => sql`
    update signing_keys set ends_at = ${ends_at}
    where project_id = $1 and generation < ${before_generation}
      and (ends_at is null or ends_at > ${ends_at})`,

  resealSigningKey: ({ kid, sealed_before, sealed }) => sql`
    update signing_keys set private_key = ${sealed}
    where project_id = $1 and kid = ${kid} and private_key = ${sealed_before}`,

  insertAuditEvent: ({ record }) => auditEvents.insert(record)
} satisfies Partial<Statements>
