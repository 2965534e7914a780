import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { type Client, createClient } from 'membergate/client'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { createClock, type RunningClock } from './clock.ts'
import { newFolder } from './new-folder.ts'
import { timeoutMs } from './patience.ts'
import {
  importedHash,
  type Pair,
  password,
  type SeededMember,
  type SeededOrganization,
  seedWith,
  totp_secret
} from './people.ts'
import { storeSigningKeys } from './store-signing-keys.ts'
import { totpCode } from './totp-code.ts'

/** A real authority with two organizations, and the means to sign in to it. */
export interface TestServer {
  readonly authority: OpenAuthority
  readonly clock: RunningClock
  readonly client: Client
  signIn(email_address: string, organization_id?: string): Promise<Pair>
  /** A password sign-in as the API answers it. */
  authenticate(
    email_address: string,
    organization_id?: string
  ): ReturnType<Client['passwords']['authenticate']>
  totpCode(): string
  close(): Promise<void>
}

/**
 * @param inAcme more of its members
 * @param inGlobex the same of Globex
 */
export async function openTestServer(
  inAcme: readonly SeededMember[] = [],
  inGlobex: readonly SeededMember[] = []
): Promise<TestServer> {
  const clock = createClock()
  const { organizations, ...project } = seedWith(inAcme, inGlobex)
  const withoutPasswords = organizations.map(({ members, ...organization }) => ({
    ...organization,
    members: members.map(({ password: _, ...member }) => member)
  }))
  const projects = [{ ...project, organizations: withoutPasswords }]
  const folder = await newFolder()
  const database = join(folder, 'authority.db')
  const authority = await openAuthority({ database, projects, now: clock.now })
  const { url, project_id, secret } = authority
  await storeSigningKeys(database, [project_id], clock.now())
  const client = createClient({ url, project_id, secret, now: clock.now, timeoutMs })
  await importPasswords(client, organizations)

  const authenticate: TestServer['authenticate'] = (email_address, organization_id = 'acme') =>
    client.passwords.authenticate({ organization_id, email_address, password })

  return {
    authority,
    clock,
    client,
    authenticate,
    async signIn(email_address, organization_id) {
      const answer = await authenticate(email_address, organization_id)
      if (!answer.member_session) throw new Error('The sign-in is not complete.')
      return {
        session_token: answer.session_token,
        session_jwt: answer.session_jwt,
        member_session: answer.member_session
      }
    },
    totpCode: () => totpCode(totp_secret, clock.now()),
    async close() {
      await authority.close()
      await rm(folder, { recursive: true })
    }
  }
}

/** A password of a seed is hashed with effort, and compared with the same at each sign-in; an imported one is not. */
async function importPasswords(
  client: Client,
  organizations: readonly SeededOrganization[]
): Promise<void> {
  const hash = await importedHash()
  for (const { organization_slug, members } of organizations) {
    for (const { email_address, password } of members) {
      if (password === undefined) continue
      const named = { organization_id: organization_slug, email_address }
      await client.passwords.migrate({ ...named, hash, hash_type: 'argon_2id' })
    }
  }
}
