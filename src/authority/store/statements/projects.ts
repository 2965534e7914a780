import type { Statements } from './prepared.ts'

/** Projects, their signing keys and their audit. */
export const projectStatements = {
  insertProject: ({ secret_hash, policy, settings, now }) => [
    `insert into projects (project_id, secret_hash, policy, settings, created_at)
     values ($1, $2, $3, $4, $5)
     on conflict (project_id) do nothing`,
    secret_hash,
    JSON.stringify(policy),
    JSON.stringify(settings),
    now
  ],

  setProjectSecret: ({ secret_hash }) => [
    'update projects set secret_hash = $2 where project_id = $1',
    secret_hash
  ],

  setProjectPolicy: ({ policy }) => [
    'update projects set policy = $2 where project_id = $1',
    JSON.stringify(policy)
  ],

  setProjectSettings: ({ settings }) => [
    'update projects set settings = $2 where project_id = $1',
    JSON.stringify(settings)
  ],

  insertSigningKey: ({ key }) => [
    `insert into signing_keys (project_id, kid, public_jwk, private_key, generation, created_at,
       signs_at, ends_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (project_id, generation) do nothing`,
    key.kid,
    JSON.stringify(key.public_jwk),
    key.private_key,
    key.generation,
    key.created_at,
    key.signs_at,
    key.ends_at
  ],

  endSigningKeys: ({ before_generation, ends_at }) => [
    `update signing_keys set ends_at = $3
     where project_id = $1 and generation < $2 and (ends_at is null or ends_at > $3)`,
    before_generation,
    ends_at
  ],

  resealSigningKey: ({ kid, sealed_before, sealed }) => [
    `update signing_keys set private_key = $4
     where project_id = $1 and kid = $2 and private_key = $3`,
    kid,
    sealed_before,
    sealed
  ],

  insertAuditEvent: ({ record }) => [
    `insert into audit_events (project_id, event_id, occurred_at, request_id, kind, operation,
       outcome, error_type, organization_id, member_id, member_session_id, caller_member_id)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    record.event_id,
    record.occurred_at,
    record.request_id,
    record.kind,
    record.operation,
    record.outcome,
    record.error_type,
    record.organization_id,
    record.member_id,
    record.member_session_id,
    record.caller_member_id
  ]
} satisfies Partial<Statements>
