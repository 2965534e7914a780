import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Client } from 'membergate/client'
import { type Journal, outcomeOf } from './journal.ts'

/** Puts an authority under writes until it is stopped, and notes what was answered. */
export interface Load {
  readonly journal: Journal
  stop(): Promise<void>
}

export interface Target {
  readonly client: Client
  readonly organization_id: string
  /** The imported form of {@link firstPassword}, cheap to compare. */
  readonly hash: string
}

export const firstPassword = 'correct horse battery staple'
const afterUnknownMs = 20
const claimsPerSession = 8
const codesPerMember = 100
const failuresPerMember = 8

interface Writing extends Target {
  readonly journal: Journal
  isRunning(): boolean
}

type Writer = (writing: Writing) => Promise<void>

const writers: readonly Writer[] = [
  beginAndEndSessions,
  beginAndEndSessions,
  beginAndEndSessions,
  useRecoveryCodes,
  useRecoveryCodes,
  changePasswords,
  failPasswords,
  createMembers
]

export function startLoad(target: Target, journal: Journal): Load {
  let running = true
  const writing = { ...target, journal, isRunning: () => running }
  const ended = Promise.all(
    writers.map(async (write) => {
      while (running) await write(writing)
    })
  )
  return {
    journal,
    async stop() {
      running = false
      await ended
    }
  }
}

/** A member of the writer's own, with the first password; `undefined` when nobody knows whether there is one. */
async function newMember({ client, organization_id, hash, journal }: Writing) {
  const email_address = `${randomUUID()}@crash.example`
  const made = await outcomeOf(
    journal,
    client.passwords.migrate({ organization_id, email_address, hash, hash_type: 'argon_2id' })
  )
  if (made.is === 'acknowledged') {
    return { organization_id, email_address, member_id: made.answer.member_id }
  }
  await sleep(afterUnknownMs)
  return undefined
}

async function signIn(
  { client, journal }: Writing,
  { organization_id, email_address }: { organization_id: string; email_address: string },
  password = firstPassword
) {
  const call = client.passwords.authenticate({ organization_id, email_address, password })
  const outcome = await outcomeOf(journal, call)
  if (outcome.is === 'unknown') await sleep(afterUnknownMs)
  return outcome
}

async function beginAndEndSessions(writing: Writing): Promise<void> {
  const { client, journal } = writing
  const member = await newMember(writing)
  if (member === undefined) return
  while (writing.isRunning()) {
    const begun = await signIn(writing, member)
    if (begun.is === 'refused') journal.violations.push(`sign-in refused: ${begun.error_type}`)
    if (begun.is !== 'acknowledged') return
    const { session_token, session_jwt, member_session } = begun.answer
    const { member_session_id = '' } = member_session ?? {}
    const entry = { session_token, session_jwt, member_session_id, claim: 0 }
    const session = {
      ...entry,
      claimUnknown: undefined,
      revoked: 'no'
    } as (typeof journal.sessions)[0]
    journal.sessions.push(session)

    for (let claim = 1; claim <= claimsPerSession && writing.isRunning(); claim += 1) {
      const session_custom_claims = { claim }
      const options = { session_token, session_custom_claims, session_duration_minutes: 600 }
      const touched = await outcomeOf(journal, client.sessions.authenticate(options))
      if (touched.is === 'acknowledged') session.claim = claim
      if (touched.is === 'refused') journal.violations.push(`live session: ${touched.error_type}`)
      if (touched.is === 'unknown') {
        session.claimUnknown = claim
        await sleep(afterUnknownMs)
        break
      }
    }
    if (Math.random() < 0.5) {
      const ended = await outcomeOf(journal, client.sessions.revoke({ member_session_id }))
      if (ended.is === 'refused') journal.violations.push(`revocation: ${ended.error_type}`)
      session.revoked = ended.is === 'acknowledged' ? 'yes' : 'unknown'
    }
  }
}

/** Each code with a session of its own, whose factors tell whether it was used. */
async function useRecoveryCodes(writing: Writing): Promise<void> {
  const { client, journal } = writing
  const member = await newMember(writing)
  if (member === undefined) return
  const { organization_id, member_id } = member
  const recovery_codes = Array.from(
    { length: codesPerMember },
    (_, index) => `code-${index}-of-mine`
  )
  const enrolled = await outcomeOf(
    journal,
    client.totps.migrate({
      organization_id,
      member_id,
      secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
      recovery_codes
    })
  )
  if (enrolled.is !== 'acknowledged') return
  for (const recovery_code of recovery_codes) {
    if (!writing.isRunning()) return
    const begun = await signIn(writing, member)
    if (begun.is !== 'acknowledged') return
    const { session_token } = begun.answer
    const place = { organization_id, member_id, session_token, recovery_code }
    const used = await outcomeOf(journal, client.recoveryCodes.recover(place))
    if (used.is === 'refused') journal.violations.push(`recovery code: ${used.error_type}`)
    journal.codes.push({ ...place, used: used.is === 'acknowledged' ? 'yes' : 'unknown' })
    if (used.is === 'unknown') return
  }
}

async function changePasswords(writing: Writing): Promise<void> {
  const { client, journal } = writing
  const member = await newMember(writing)
  if (member === undefined) return
  const { organization_id, email_address } = member
  const entry: (typeof journal.passwords)[0] = {
    email_address,
    before: undefined,
    current: firstPassword,
    unknown: undefined
  }
  journal.passwords.push(entry)
  while (writing.isRunning()) {
    const begun = await signIn(writing, member, entry.current)
    if (begun.is === 'refused') journal.violations.push(`password: ${begun.error_type}`)
    if (begun.is !== 'acknowledged') continue
    const { session_token } = begun.answer
    const password = randomBytes(18).toString('base64url')
    const reset = await outcomeOf(
      journal,
      client.passwords.sessions.reset({ organization_id, session_token, password })
    )
    if (reset.is === 'refused') journal.violations.push(`password reset: ${reset.error_type}`)
    if (reset.is === 'unknown') {
      entry.unknown = password
      return
    }
    entry.before = entry.current
    entry.current = password
  }
}

async function failPasswords(writing: Writing): Promise<void> {
  const { journal } = writing
  const member = await newMember(writing)
  if (member === undefined) return
  const entry = { member_id: member.member_id, failed: 0, unknown: 0 }
  journal.attempts.push(entry)
  while (writing.isRunning() && entry.failed + entry.unknown < failuresPerMember) {
    const failed = await signIn(writing, member, 'not the password of any member')
    if (failed.is === 'acknowledged') journal.violations.push('a wrong password was accepted')
    if (failed.is === 'unknown') entry.unknown += 1
    else entry.failed += 1
  }
}

async function createMembers(writing: Writing): Promise<void> {
  const { client, organization_id, journal } = writing
  const email_address = `${randomUUID()}@crash.example`
  const name = `Name of ${email_address}`
  const call = client.organizations.members.create({ organization_id, email_address, name })
  const created = await outcomeOf(journal, call)
  if (created.is === 'refused') journal.violations.push(`new member: ${created.error_type}`)
  journal.members.push({
    email_address,
    name,
    created: created.is === 'acknowledged' ? 'yes' : 'unknown'
  })
  await sleep(created.is === 'unknown' ? afterUnknownMs : 5)
}
