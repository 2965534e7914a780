import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import { newId } from '../../src/authority/crypto/tokens.ts'
import { lockableOf } from '../../src/authority/domain/lockables.ts'
import { reserveAttempt } from '../../src/authority/domain/lockout.ts'
import {
  createMember,
  writesOfChange,
  writesOfCreation,
  writesOfDeletion,
  writesOfReactivation
} from '../../src/authority/domain/members.ts'
import {
  createOrganization,
  writesOfNewOrganization,
  writesOfOrganizationChange
} from '../../src/authority/domain/organizations.ts'
import { defaultSettings } from '../../src/authority/domain/project-settings.ts'
import type { MemberRecord, OrganizationRecord } from '../../src/authority/domain/records.ts'
import type { Write } from '../../src/authority/domain/writes.ts'
import { isPostgresUrl } from '../../src/authority/store/is-postgres-url.ts'
import { migrations } from '../../src/authority/store/migrations.ts'
import { openPostgres } from '../../src/authority/store/postgres.ts'
import { type Sql, sql } from '../../src/authority/store/sql.ts'
import { openSqlite } from '../../src/authority/store/sqlite.ts'
import { statements } from '../../src/authority/store/statements.ts'
import {
  openStore,
  openStoreBeside,
  type ProjectStore,
  type Store
} from '../../src/authority/store/store.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'

const now = Date.UTC(2026, 0, 1)
const roles = new Set(['editor'])
const verifiedPhone = { mfa_phone_number: '+12025550162', mfa_phone_number_verified: true }

describeOnEachDatabase((createDatabase) => {
  let database: TestDatabase
  let store: Store
  let project: ProjectStore
  let otherProject: ProjectStore
  let organization: OrganizationRecord
  let member: MemberRecord

  beforeAll(async () => {
    database = await createDatabase()
    store = await openStore(database.location)
  })

  afterAll(async () => {
    await store.close()
    await database.drop()
  })

  beforeEach(async () => {
    project = await newProject()
    otherProject = await newProject()
    organization = newOrganization()
    member = newMember('ada@example.com')
    await project.run([...writesOfNewOrganization(organization), ...writesOfCreation(member)])
  })

  async function newProject(): Promise<ProjectStore> {
    const made = store.ofProject(newId('project', 'test'))
    await made.run([
      {
        do: 'insertProject',
        secret_hash: null,
        policy: { roles: [], resources: [] },
        settings: defaultSettings,
        now
      }
    ])
    return made
  }

  function newOrganization(slug = 'acme'): OrganizationRecord {
    const organization_id = newId('organization', 'test')
    const request = { organization_name: 'Acme' }
    const made = createOrganization(request, {
      organization_id,
      organization_slug: slug,
      roles,
      now
    })
    return made
  }

  function newMember(email_address: string, fields: object = {}): MemberRecord {
    const { organization_id } = organization
    const ids = { email_id: newId('email', 'test'), phone_id: newId('phone-number', 'test') }
    const request = { email_address, ...fields }
    const made = createMember(organization_id, newId('member', 'test'), request, {
      ...ids,
      roles,
      now
    })
    return { ...made, ...fields }
  }

  async function startIntermediateSession(): Promise<string> {
    const intermediate_session_id = newId('intermediate-session', 'test')
    await project.run([
      {
        do: 'insertIntermediateSession',
        intermediate_session: {
          intermediate_session_id,
          member_id: member.member_id,
          organization_id: organization.organization_id,
          email_address: member.email_address,
          oauth_tenants: [],
          authentication_factors: [],
          created_at: now,
          version: 0
        },
        token_hash: intermediate_session_id,
        expires_at: now + 600_000
      }
    ])
    return intermediate_session_id
  }

  function sessionWrite(member_session_id = newId('member-session', 'test')): Write {
    return {
      do: 'insertSession',
      session: {
        member_session_id,
        member_id: member.member_id,
        organization_id: organization.organization_id,
        token_salt: 'salt',
        token_key_id: 'key',
        authentication_factors: [],
        custom_claims: {},
        started_at: now,
        last_accessed_at: now,
        expires_at: now + 3_600_000,
        version: 0
      },
      token_hash: member_session_id
    }
  }

  function countDone(outcomes: readonly unknown[]): number {
    return outcomes.filter((outcome) => outcome === undefined).length
  }

  describe('a list of writes', () => {
    test('is carried out as a whole', async () => {
      expect(await project.tryRun([sessionWrite(), sessionWrite()])).toBeUndefined()
      expect(await project.listSessions(member.member_id, now)).toHaveLength(2)
    })

    test('does nothing when a guard in it is not met, and answers with that guard', async () => {
      const onConflict = 'session_not_found'
      const unmet = { do: 'revokeSession', member_session_id: 'none', now, onConflict } as const
      expect(await project.tryRun([sessionWrite(), unmet])).toEqual(onConflict)
      await expect(project.run([sessionWrite(), unmet])).rejects.toMatchObject({
        name: 'OperationError',
        error_type: onConflict,
        isStale: false
      })
      expect(await project.listSessions(member.member_id, now)).toEqual([])
    })

    test('does nothing when a unique index refuses one of them', async () => {
      const one = newMember('bob@example.com', { external_id: 'e1' })
      const other = newMember('eve@example.com', { external_id: 'e1' })
      await project.run(writesOfCreation(one))
      expect(await project.tryRun([sessionWrite(), ...writesOfCreation(other)])).toEqual(
        'duplicate_member_external_id'
      )
      expect(await project.listSessions(member.member_id, now)).toEqual([])
    })

    test('goes on past an unguarded write that finds nothing', async () => {
      const idle = { do: 'deletePassword', member_id: member.member_id } as const
      expect(await project.tryRun([idle, sessionWrite()])).toBeUndefined()
      expect(await project.listSessions(member.member_id, now)).toHaveLength(1)
    })
  })

  describe('what must be unique', () => {
    test('is the slug of an organization, within the project only', async () => {
      const writes = writesOfNewOrganization(newOrganization())
      expect(await project.tryRun(writes)).toEqual('organization_slug_already_used')
      expect(await otherProject.tryRun(writes)).toBeUndefined()
    })

    test('is what names an organization, be it a slug or an external id', async () => {
      const victim = { ...newOrganization('victim'), organization_external_id: 'tenant-42' }
      expect(await project.tryRun(writesOfNewOrganization(victim))).toBeUndefined()

      const renamed = { ...organization, organization_slug: 'tenant-42' }
      expect(await project.tryRun(writesOfOrganizationChange(organization, renamed))).toEqual(
        'organization_slug_already_used'
      )
      const aliased = { ...organization, organization_external_id: 'victim' }
      expect(await project.tryRun(writesOfOrganizationChange(organization, aliased))).toEqual(
        'organization_external_id_already_used'
      )
      const found = await project.findOrganization('tenant-42')
      expect(found?.organization_id).toBe(victim.organization_id)
    })

    test('is a name only as long as the organization has it', async () => {
      const renamed = { ...organization, organization_slug: 'renamed' }
      expect(
        await project.tryRun(writesOfOrganizationChange(organization, renamed))
      ).toBeUndefined()
      expect(await project.findOrganization('acme')).toBeUndefined()
      const next = newOrganization()
      expect(await project.tryRun(writesOfNewOrganization(next))).toBeUndefined()
      const found = await project.findOrganization('acme')
      expect(found?.organization_id).toBe(next.organization_id)
    })

    test('may be slug and external id of one organization', async () => {
      const both = { ...organization, organization_external_id: 'acme' }
      expect(await project.tryRun(writesOfOrganizationChange(organization, both))).toBeUndefined()
      const slugOnly = { ...both, version: 1, organization_external_id: null }
      expect(await project.tryRun(writesOfOrganizationChange(both, slugOnly))).toBeUndefined()
      expect((await project.findOrganization('acme'))?.organization_external_id).toBeNull()
    })

    test.each([
      ['ada@example.com', {}, 'duplicate_member_email'],
      ['eve@example.com', { external_id: 'e1' }, 'duplicate_member_external_id'],
      ['eve@example.com', verifiedPhone, 'duplicate_member_phone_number']
    ] as const)('is what a member has (%s, %j)', async (email, fields, type) => {
      const first = newMember('bob@example.com', {
        external_id: 'e1',
        ...verifiedPhone
      })
      expect(await project.tryRun(writesOfCreation(first))).toBeUndefined()
      expect(await project.tryRun(writesOfCreation(newMember(email, fields)))).toEqual(type)
    })

    test('is an address also after it was retired, except for the member who had it', async () => {
      const retired = { email_id: member.email_id, email_address: member.email_address }
      const moved = {
        ...member,
        email_address: 'new@example.com',
        retired_email_addresses: [retired]
      }
      expect(await project.tryRun(writesOfChange(member, moved))).toBeUndefined()
      expect(await project.tryRun(writesOfCreation(newMember('ada@example.com')))).toEqual(
        'duplicate_member_email'
      )
      const back = { ...member, version: 1 }
      expect(await project.tryRun(writesOfChange({ ...moved, version: 1 }, back))).toBeUndefined()
      expect(await project.tryRun(writesOfCreation(newMember('new@example.com')))).toBeUndefined()
    })
  })

  test('a change made on old facts is stale', async () => {
    const change = { ...member, name: 'Ada' }
    expect(await project.tryRun(writesOfChange(member, change))).toBeUndefined()
    expect(await project.tryRun(writesOfChange(member, change))).toBe('stale')
    await expect(project.run(writesOfChange(member, change))).rejects.toMatchObject({
      error_type: 'server_unavailable',
      isStale: true
    })
  })

  test('an e-mail address that was verified is not the one that came instead', async () => {
    const { member_id, email_id } = member
    const moved = { ...member, email_id: 'email-new', email_address: 'new@example.com' }
    expect(await project.tryRun(writesOfChange(member, moved))).toBeUndefined()
    const activation = { do: 'activateMember', member_id, now, onConflict: 'stale' } as const
    expect(await project.tryRun([{ ...activation, email_id }])).toBe('stale')
    expect((await project.findMemberById(member_id))?.email_address_verified).toBe(false)
    expect(await project.tryRun([{ ...activation, email_id: 'email-new' }])).toBeUndefined()
    expect((await project.findMemberById(member_id))?.email_address_verified).toBe(true)
  })

  describe('another project', () => {
    test('finds nothing of this one', async () => {
      const { member_id, organization_id } = member
      const member_session_id = newId('member-session', 'test')
      const intermediate = await startIntermediateSession()
      await project.run([
        sessionWrite(member_session_id),
        {
          do: 'insertPassword',
          member_id,
          password: { member_password_id: 'p', hash: 'h' },
          now
        }
      ])
      const everything = sql`1 = 1`
      const page = { limit: 10, after: undefined }
      const read = (of: ProjectStore) =>
        Promise.all([
          of.findOrganization(organization_id),
          of.findOrganization('acme'),
          of.findOrganizationBySlug('acme'),
          of.findMember(organization_id, member_id),
          of.findMemberById(member_id),
          of.findMemberByEmail(organization_id, 'ada@example.com'),
          of.findPassword(member_id),
          of.findSession(member_session_id, now),
          of.findSessionByToken(member_session_id, now),
          of.findIntermediateSession(intermediate, now, 5),
          of.listSessions(member_id, now).then(([first]) => first),
          of.searchOrganizations(everything, page).then(({ items }) => items[0]),
          of.searchMembers([organization_id], everything, page).then(({ items }) => items[0])
        ])
      expect((await read(project)).filter((found) => found === undefined)).toEqual([])
      expect((await read(otherProject)).filter((found) => found !== undefined)).toEqual([])
    })

    test('changes nothing of this one', async () => {
      const { member_id, organization_id } = member
      const member_session_id = newId('member-session', 'test')
      const intermediate_session_id = await startIntermediateSession()
      await project.run([sessionWrite(member_session_id)])
      const onConflict = 'not_implemented'
      const gone = newMember('gone@example.com')
      await project.run([...writesOfCreation(gone), ...writesOfDeletion(gone, now)])
      const { member_id: deleted } = gone
      await project.run([
        {
          do: 'insertPassword',
          member_id,
          password: { member_password_id: 'p1', hash: 'h' },
          now
        }
      ])
      const lockable = lockableOf(member_id, 'password')
      await project.run([reserveAttempt(lockable, now)])
      const writes: readonly Write[] = [
        { do: 'updateOrganization', organization, onConflict },
        {
          do: 'setOrganizationRoles',
          organization_id,
          custom_roles: [],
          removed_roles: [],
          version: 0,
          onConflict
        },
        { do: 'updateMember', member, onConflict },
        { do: 'deleteMember', member, onConflict },
        { do: 'deleteDeletedMember', member_id: deleted, onConflict },
        { do: 'deleteOrganization', organization_id, onConflict },
        { do: 'deletePasswordById', member_id, member_password_id: 'p1', onConflict },
        { do: 'deleteTotp', member_id, onConflict },
        { do: 'revokeConnectionSessions', member_id, connection_id: 'c1', now, onConflict },
        { do: 'activateMember', member_id, email_id: member.email_id, now, onConflict },
        { do: 'releaseOnlyAttempt', lockable, onConflict },
        { do: 'releaseAttempt', lockable, onConflict },
        { do: 'endLock', lockable, onConflict },
        { do: 'clearFailures', lockable, onConflict },
        { do: 'revokeSession', member_session_id, now, onConflict },
        { do: 'revokeMemberSessions', member_id, now, onConflict },
        { do: 'revokeOtherSessions', member_id, member_session_id: '', now, onConflict },
        { do: 'consumeIntermediateSession', intermediate_session_id, version: 0, now, onConflict },
        { do: 'deleteMemberIntermediateSessions', member_id, onConflict },
        { do: 'reserveIntermediateAttempt', intermediate_session_id, now, limit: 5, onConflict }
      ]
      for (const write of writes) expect(await otherProject.tryRun([write])).toEqual(onConflict)
      expect(await otherProject.tryRun([reserveAttempt(lockable, now)])).toBe('stale')
      expect(await project.findSession(member_session_id, now)).toBeDefined()
      expect(await project.findDeletedMember(deleted)).toBeDefined()
      expect(await project.findPassword(member_id)).toBeDefined()
      expect(await otherProject.findDeletedMember(deleted)).toBeUndefined()
      expect(await otherProject.findMemberByPassword(organization_id, 'p1')).toBeUndefined()
      expect(await otherProject.countMembers(organization_id)).toBe(0)
      expect(await project.countMembers(organization_id)).toBe(1)
    })
  })

  describe('a deleted member', () => {
    test('takes along all that belongs to it, and keeps what describes it', async () => {
      const { member_id } = member
      const intermediate = await startIntermediateSession()
      await project.run([sessionWrite()])
      expect(await project.tryRun(writesOfDeletion(member, now + 1))).toBeUndefined()
      expect(await project.findMemberById(member_id)).toBeUndefined()
      expect(await project.findDeletedMember(member_id)).toEqual({
        ...member,
        status: 'deleted',
        updated_at: now + 1
      })
      expect(await project.listSessions(member_id, now)).toEqual([])
      expect(await project.findIntermediateSession(intermediate, now, 5)).toBeUndefined()
    })

    test('gets nothing any more: what is written for it is stale, and nothing else of the unit happens', async () => {
      await project.run(writesOfDeletion(member, now))
      const { member_id } = member
      const password = { member_password_id: 'p', hash: 'h' }
      const other = newMember('eve@example.com')
      const unit: readonly Write[] = [
        ...writesOfCreation(other),
        { do: 'insertPassword', member_id, password, now, onConflict: 'not_implemented' }
      ]
      expect(await project.tryRun([sessionWrite()])).toBe('stale')
      expect(await project.tryRun(unit)).toBe('stale')
      expect(await project.findMemberById(other.member_id)).toBeUndefined()
    })

    test('comes back under its id, unless another member has its e-mail address or external id', async () => {
      const one = newMember('bob@example.com', { external_id: 'e1' })
      await project.run(writesOfCreation(one))
      const back = { ...one, version: 1 }
      await project.run(writesOfDeletion(one, now))
      const heir = newMember('bob@example.com')
      await project.run(writesOfCreation(heir))
      expect(await project.tryRun(writesOfReactivation(back))).toEqual(
        'reactivation_email_belongs_to_another_member'
      )
      await project.run(writesOfDeletion(heir, now))
      const namesake = newMember('eve@example.com', { external_id: 'e1' })
      await project.run(writesOfCreation(namesake))
      expect(await project.tryRun(writesOfReactivation(back))).toEqual(
        'duplicate_member_external_id'
      )
      await project.run(writesOfDeletion(namesake, now))
      expect(await project.tryRun(writesOfReactivation(back))).toBeUndefined()
      expect(await project.tryRun(writesOfReactivation(back))).toBe('stale')
      expect(await project.findMemberById(one.member_id)).toMatchObject(back)
      expect(await project.findDeletedMember(one.member_id)).toBeUndefined()
    })

    test('has no session, whatever began at the same moment', async () => {
      const begins = Array.from({ length: 40 }, () => project.tryRun([sessionWrite()]))
      const [deletion] = await Promise.all([
        project.tryRun(writesOfDeletion(member, now)),
        ...begins,
        ...Array.from({ length: 40 }, () => project.tryRun([sessionWrite()]))
      ])
      expect(deletion).toBeUndefined()
      expect(await project.listSessions(member.member_id, now)).toEqual([])
      expect(await project.tryRun([sessionWrite()])).toBe('stale')
    })
  })

  test('a deleted organization has nothing in it, whatever came at the same moment', async () => {
    const { organization_id } = organization
    const onConflict = 'organization_not_found'
    const deletion = project.tryRun([{ do: 'deleteOrganization', organization_id, onConflict }])
    const joins = Array.from({ length: 20 }, (_, index) =>
      project.tryRun(writesOfCreation(newMember(`${index}@example.com`)))
    )
    const begins = Array.from({ length: 20 }, () => project.tryRun([sessionWrite()]))
    const [outcome] = await Promise.all([deletion, ...joins, ...begins])
    expect(outcome).toBeUndefined()
    expect(await project.countMembers(organization_id)).toBe(0)
    expect(await project.listSessions(member.member_id, now)).toEqual([])
    expect(await project.tryRun(writesOfCreation(newMember('late@example.com')))).toBe('stale')
    const heir = newOrganization()
    expect(await project.tryRun(writesOfNewOrganization(heir))).toBeUndefined()
    expect((await project.findOrganization('acme'))?.organization_id).toBe(heir.organization_id)
  })

  test('an intermediate session is consumed only as it was read', async () => {
    const intermediate_session_id = await startIntermediateSession()
    const consume = (version: number) =>
      project.tryRun([
        {
          do: 'consumeIntermediateSession',
          intermediate_session_id,
          version,
          now,
          onConflict: 'stale'
        }
      ])
    expect(await consume(1)).toBe('stale')
    expect(await consume(0)).toBeUndefined()
  })

  describe('of a hundred at the same moment', () => {
    const hundred = Array.from({ length: 100 })

    test('one consumes an intermediate session', async () => {
      const intermediate_session_id = await startIntermediateSession()
      const outcomes = await Promise.all(
        hundred.map(() =>
          project.tryRun([
            {
              do: 'consumeIntermediateSession',
              intermediate_session_id,
              version: 0,
              now,
              onConflict: 'intermediate_session_not_found'
            },
            sessionWrite()
          ])
        )
      )
      expect(countDone(outcomes)).toBe(1)
      expect(await project.listSessions(member.member_id, now)).toHaveLength(1)
    })

    test('one uses a step of an authenticator', async () => {
      const { member_id } = member
      const totp_registration_id = newId('member-totp', 'test')
      await project.run([
        {
          do: 'putTotp',
          member_id,
          totp: {
            totp_registration_id,
            secret: 'sealed',
            active: true,
            last_used_step: 0,
            expires_at: now
          },
          now
        }
      ])
      const onConflict = 'totp_code_already_authenticated'
      const outcomes = await Promise.all(
        hundred.map((_, index) =>
          project.tryRun([
            { do: 'useTotpStep', member_id, totp_registration_id, step: 7, now, onConflict },
            sessionWrite(`${index} ${totp_registration_id}`)
          ])
        )
      )
      expect(countDone(outcomes)).toBe(1)
      expect(await project.listSessions(member_id, now)).toHaveLength(1)
    })

    test('ten may compare a password, and the tenth locks for an hour', async () => {
      const { member_id } = member
      const lockable = lockableOf(member_id, 'password')
      const reserve = (moment: number) => project.tryRun([reserveAttempt(lockable, moment)])
      expect(countDone(await Promise.all(hundred.map(() => reserve(now))))).toBe(10)
      const lock = { type: 'password', created_at: now, expires_at: now + 3_600_000 }
      expect(await project.findLock(lockable)).toEqual(lock)
      expect((await project.findMemberById(member_id))?.locks).toEqual([lock])
      expect(await reserve(now + 3_599_999)).toEqual('user_lock_limit_reached')
      expect(await reserve(now + 3_600_000)).toBeUndefined()
      expect(await project.findLock(lockable)).toBeUndefined()
      expect(await project.findMemberById(member_id)).toMatchObject({ locks: [] })
    })

    test('one puts claims on a session that all of them read', async () => {
      const member_session_id = newId('member-session', 'test')
      await project.run([sessionWrite(member_session_id)])
      const outcomes = await Promise.all(
        hundred.map((_, index) =>
          project.tryRun([
            {
              do: 'updateSession',
              member_session_id,
              now,
              expires_at: null,
              authentication_factors: null,
              custom_claims: { index },
              version: 0,
              onConflict: 'stale'
            }
          ])
        )
      )
      expect(countDone(outcomes)).toBe(1)
    })

    test('one makes the first signing key', async () => {
      const outcomes = await Promise.all(
        hundred.map((_, index) =>
          project.tryRun([
            {
              do: 'insertSigningKey',
              key: {
                kid: `key ${index}`,
                public_jwk: {
                  kty: 'RSA',
                  use: 'sig',
                  key_ops: ['verify'],
                  alg: 'RS256',
                  kid: `key ${index}`,
                  x5c: [],
                  x5tS256: '',
                  n: '',
                  e: ''
                },
                private_key: 'sealed',
                generation: 1,
                created_at: now,
                signs_at: now,
                ends_at: null
              },
              onConflict: 'not_implemented'
            }
          ])
        )
      )
      expect(countDone(outcomes)).toBe(1)
      expect(await project.listSigningKeys()).toHaveLength(1)
    })
  })

  test('an ended session cannot be revived', async () => {
    const member_session_id = newId('member-session', 'test')
    const onConflict = 'session_not_found'
    await project.run([sessionWrite(member_session_id)])
    await project.run([{ do: 'revokeSession', member_session_id, now }])
    const extend = {
      do: 'updateSession',
      member_session_id,
      now,
      expires_at: now + 9_000_000,
      authentication_factors: null,
      custom_claims: null,
      version: null,
      onConflict
    } as const
    expect(await project.tryRun([extend])).toEqual(onConflict)
    expect(await project.findSession(member_session_id, now)).toBeUndefined()
  })

  test('a schema of a newer release is refused, and left alone', async () => {
    const fresh = await createDatabase()
    const open = isPostgresUrl(fresh.location) ? openPostgres : openSqlite
    const newer = await open(fresh.location)
    await newer.migrate([...migrations, 'create table of_tomorrow (content text)'])
    await newer.close()
    await expect(openStore(fresh.location)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringMatching(/schema version \d+/)
    })
    await fresh.drop()
  })

  test('ST-08: a migration that fails leaves nothing, and can be run again', async () => {
    const fresh = await createDatabase()
    const open = isPostgresUrl(fresh.location) ? openPostgres : openSqlite
    const engine = await open(fresh.location)
    const first = 'create table one (content text)'
    await expect(
      engine.migrate([first, 'create table other (content text); nonsense'])
    ).rejects.toThrow()
    for (const table of ['one', 'other', 'membergate_migrations']) {
      await expect(engine.read(`select * from ${table}`, [])).rejects.toThrow()
    }
    await engine.migrate([first, 'create table other (content text)'])
    expect(await engine.read('select version from membergate_migrations', [])).toHaveLength(2)
    await engine.close()
    await fresh.drop()
  })

  test('beside a process that serves it a database is opened only with the schema of this release', async () => {
    const fresh = await createDatabase()
    await expect(openStoreBeside(fresh.location)).rejects.toMatchObject({ code: 'config_invalid' })
    const serving = await openStore(fresh.location)
    const beside = await openStoreBeside(fresh.location)
    expect(await beside.listProjects()).toEqual([])
    await Promise.all([serving.close(), beside.close()])
    await fresh.drop()
  })

  test('two processes may open one database at the same moment', async () => {
    const fresh = await createDatabase()
    const stores = await Promise.all([openStore(fresh.location), openStore(fresh.location)])
    expect(await stores[0]?.listProjects()).toEqual([])
    await Promise.all(stores.map((opened) => opened.close()))
    await fresh.drop()
  })
})

test('every statement is held to the project', () => {
  const texts = Object.entries(statements).map(([name, statement]) => {
    const { text } = (statement as (write: unknown) => Sql)(anything)
    return { name, text }
  })
  expect(texts.filter(({ text }) => !/project_id = \$1|values \(\$1/.test(text))).toEqual([])
})

/** Has every field, and every field of it; as JSON and as text it is a word. */
const anything: unknown = new Proxy(() => anything, {
  get: (_, name) => (name === 'toJSON' || name === Symbol.toPrimitive ? () => 'word' : anything),
  apply: () => anything
})
