import { keysOfEnvironment } from '../authority/create-authority.ts'
import { type AtRest, createAtRest } from '../authority/crypto/at-rest.ts'
import { environmentOf } from '../authority/project-id.ts'
import { type Rewrapped, rewrap } from '../authority/rewrap.ts'
import { assertAtRestKey, type Rotation, rotateSigningKeys } from '../authority/signing-keys.ts'
import type { ProjectStore, Store } from '../authority/store/store.ts'
import { chooseKeys } from './choose-keys.ts'
import { chooseProject } from './choose-project.ts'
import type { KeysOptions } from './keys-options.ts'
import { listProjects, withDatabase } from './open-database.ts'

interface Opened {
  readonly atRest: AtRest
  readonly projects: readonly ProjectStore[]
}

/** Works on the keys of a database, also while servers use it, and says what became of them. */
export function runKeys(options: KeysOptions): Promise<void> {
  return withDatabase(options.database, async (store) => {
    const opened = await open(store, options)
    await (options.command === 'rotate' ? rotate(opened, options) : rewrapAll(opened, options))
  })
}

async function open(store: Store, options: KeysOptions): Promise<Opened> {
  const { keys } = chooseKeys(options)
  const atRest = createAtRest(keysOfEnvironment(keys, options.database.location))
  return { atRest, projects: await listProjects(store) }
}

async function rotate(
  { atRest, projects }: Opened,
  { project_id, atOnce, json }: KeysOptions
): Promise<void> {
  const project = chooseProject(projects, project_id)
  await assertAtRestKey(project, atRest)
  const environment = environmentOf(project.project_id)
  const rotation = await rotateSigningKeys(project, atRest, environment, { atOnce, now: Date.now })
  const { kid, published_at, signs_at, earlier } = rotation
  print(
    json
      ? JSON.stringify({
          project_id: project.project_id,
          kid,
          published_at: dated(published_at),
          signs_at: dated(signs_at),
          earlier: earlier.map((key) => ({
            kid: key.kid,
            ends_at: key.ends_at && dated(key.ends_at)
          }))
        })
      : describeRotation(rotation)
  )
}

function describeRotation({ kid, signs_at, earlier }: Rotation): string {
  return [
    `${kid} is published, and signs from ${dated(signs_at)} on.`,
    ...earlier.flatMap((key) =>
      key.ends_at === null
        ? []
        : [`${key.kid} is published and believed until ${dated(key.ends_at)}.`]
    )
  ].join('\n')
}

async function rewrapAll({ atRest, projects }: Opened, { json }: KeysOptions): Promise<void> {
  const results: (Rewrapped & { readonly project_id: string })[] = []
  for (const project of projects) {
    const { project_id } = project
    const rewrapped = await rewrap(project, atRest, Date.now(), (kind, count) => {
      if (!json) process.stderr.write(`${project_id}: ${kind} ${count}\n`)
    })
    results.push({ project_id, ...rewrapped })
  }
  const older_keys_needed = results.some(
    ({ unreadable, remaining, sessions }) => unreadable + remaining + sessions.length > 0
  )
  print(
    json
      ? JSON.stringify({ projects: results.map(withDates), older_keys_needed })
      : [
          ...results.flatMap(describeRewrapped),
          older_keys_needed
            ? 'Keep the older keys for now.'
            : 'Nothing needs a key but the first: the others can be left out.'
        ].join('\n')
  )
}

function withDates<Result extends Rewrapped>(result: Result) {
  const sessions = result.sessions.map(({ last_expires_at, ...counted }) => ({
    ...counted,
    last_expires_at: dated(last_expires_at)
  }))
  return { ...result, sessions }
}

function describeRewrapped({
  project_id,
  rewrapped,
  unreadable,
  remaining,
  sessions
}: Rewrapped & { readonly project_id: string }): string[] {
  const { signing_key, totp, recovery_code } = rewrapped
  return [
    `${project_id}: encrypted anew ${signing_key} signing keys, ${totp} authenticators and ${recovery_code} recovery codes.`,
    ...(unreadable === 0 ? [] : [`  ${unreadable} do not open with any of the keys.`]),
    ...(remaining === 0
      ? []
      : [
          `  ${remaining} were written with another key meanwhile: restart what has another first key, and run this again.`
        ]),
    ...sessions.map(
      ({ key, sessions: count, last_expires_at }) =>
        `  ${count} live sessions need ${key === null ? 'a key that is not in the list' : `key ${key} of the list`}, until ${dated(last_expires_at)} as they stand.`
    )
  ]
}

function dated(epochMs: number): string {
  return new Date(epochMs).toISOString()
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
