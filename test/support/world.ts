import { type Client, createClient, type MemberSession } from 'membergate/client'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import * as OTPAuth from 'otpauth'
import { timeoutMs } from './patience.ts'

export const password = 'correct horse battery staple'
export const totp_secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'

/** A clock that tests move. */
export interface Clock {
  now(): number
  advance(seconds: number): void
  /** Never earlier than the real one was when the test began: TOTP and JWTs of real peers still agree. */
  set(epochMs: number): void
  /** Stands still while `work` goes on: what is refilled by time is not, however slow the machine is. */
  whileStanding(work: () => Promise<void>): Promise<void>
}

export function createClock(): Clock {
  let offset = 0
  let standsAt: number | undefined
  const now = () => standsAt ?? Date.now() + offset
  return {
    now,
    async whileStanding(work) {
      standsAt = now()
      try {
        await work()
      } finally {
        standsAt = undefined
      }
    },
    advance: (seconds) => {
      offset += seconds * 1000
    },
    set: (epochMs) => {
      offset = epochMs - Date.now()
    }
  }
}

/** A real authority with two organizations, and the means to sign in to it. */
export interface World {
  readonly authority: OpenAuthority
  readonly clock: Clock
  readonly client: Client
  signIn(email_address: string, organization_id?: string): Promise<SignedIn>
  /** A password sign-in as the API answers it. */
  authenticate(
    email_address: string,
    organization_id?: string
  ): ReturnType<Client['passwords']['authenticate']>
  totpCode(): string
  close(): Promise<void>
}

export interface SignedIn {
  readonly session_token: string
  readonly session_jwt: string
  readonly member_session: MemberSession
}

export const seed = [
  {
    policy: {
      roles: [
        {
          role_id: 'editor',
          description: 'Writes documents',
          permissions: [{ resource_id: 'documents', actions: ['write', 'read'] }]
        }
      ],
      resources: [{ resource_id: 'documents', description: 'Texts', actions: ['read', 'write'] }]
    },
    organizations: [
      {
        organization_name: 'Acme',
        organization_slug: 'acme',
        members: [
          { email_address: 'admin@acme.test', name: 'Ada', roles: ['stytch_admin'], password },
          { email_address: 'member@acme.test', name: 'Max', password },
          { email_address: 'editor@acme.test', name: 'Eve', roles: ['editor'], password },
          {
            email_address: 'totp@acme.test',
            name: 'Tom',
            password,
            mfa_enrolled: true,
            totp_secret
          },
          { email_address: 'enroll@acme.test', name: 'Nell', password, mfa_enrolled: true }
        ]
      },
      {
        organization_name: 'Globex',
        organization_slug: 'globex',
        members: [{ email_address: 'boss@globex.test', roles: ['stytch_admin'], password }]
      }
    ]
  }
]

/**
 * @param inAcme more of its members
 * @param inGlobex the same of Globex
 */
export async function openWorld(
  inAcme: readonly object[] = [],
  inGlobex: readonly object[] = []
): Promise<World> {
  const clock = createClock()
  const projects = withMembers(inAcme, inGlobex)
  const authority = await openAuthority({ projects, now: clock.now })
  const { url, project_id, secret } = authority
  const client = createClient({ url, project_id, secret, now: clock.now, timeoutMs })

  const authenticate: World['authenticate'] = (email_address, organization_id = 'acme') =>
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
    totpCode: () => new OTPAuth.TOTP({ secret: totp_secret }).generate({ timestamp: clock.now() }),
    close: () => authority.close()
  }
}

function withMembers(...more: readonly (readonly object[])[]) {
  const [project] = seed
  const organizations = project?.organizations.map((organization, index) => ({
    ...organization,
    members: [...organization.members, ...(more[index] ?? [])]
  }))
  return [{ ...project, organizations }] as typeof seed
}
