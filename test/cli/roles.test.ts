import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { type Client, createClient } from 'membergate/client'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { readRolesOptions } from '../../src/cli/roles-options.ts'
import { refusalOf } from '../support/api-errors.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { timeoutMs } from '../support/patience.ts'
import { password } from '../support/people.ts'
import { runCli } from '../support/run-cli.ts'
import { runSql } from '../support/run-sql.ts'

const project = {
  project_id: 'project-test-11111111-1111-4111-8111-111111111111',
  secret: 'secret-of-the-project-of-the-roles'
}
const permissions = [{ resource_id: 'documents', actions: ['write'] }]
const [editor, reader, writer] = ['editor', 'reader', 'writer'].map((role_id) => ({
  role_id,
  description: '',
  permissions
})) as [Role, Role, Role]

interface Role {
  readonly role_id: string
  readonly description: string
  permissions: typeof permissions
}

const run = (...args: readonly string[]) => runCli(['roles', 'restore', ...args])

describeOnEachDatabase((create) => {
  describe('a role that is removed and named again', () => {
    let database: TestDatabase
    let authority: OpenAuthority | undefined
    let client: Client
    const warnings: object[] = []
    const { emitWarning } = process

    beforeAll(async () => {
      database = await create()
      process.emitWarning = (message: string | Error, options: unknown) => {
        warnings.push({ message: String(message), ...Object(options) })
      }
    })

    afterAll(async () => {
      process.emitWarning = emitWarning
      await authority?.close()
      await database.drop()
    })

    /** Starts the authority anew, with another seed. */
    async function serve(roles: readonly Role[], settings: object = {}) {
      await authority?.close()
      const members = [
        { email_address: 'ada@acme.example', password, roles: roles.map(({ role_id }) => role_id) }
      ]
      const policy = {
        roles: roles.map((role) => ({ ...role })),
        resources: [{ resource_id: 'documents', description: '', actions: ['write'] }]
      }
      const organizations = [
        { organization_name: 'Acme', organization_slug: 'acme', members },
        { organization_name: 'Globex', organization_slug: 'globex', members }
      ]
      authority = await openAuthority({
        database: database.location,
        projects: [{ ...project, policy, settings, organizations }]
      })
      client = createClient({ url: authority.url, ...project, timeoutMs })
    }

    async function mayWrite(organization_id: string): Promise<boolean> {
      const { session_token, organization } = await client.passwords.authenticate({
        organization_id,
        email_address: 'ada@acme.example',
        password
      })
      const check = { resource_id: 'documents', action: 'write' }
      const call = client.sessions.authenticate({
        session_token,
        authorization_check: { ...check, organization_id: organization.organization_id }
      })
      return call.then(
        () => true,
        () => false
      )
    }

    async function assign(organization_id: string, roles: string[]) {
      const email_address = 'ada@acme.example'
      const { member_id } = await client.organizations.members.get({
        organization_id,
        email_address
      })
      return client.organizations.members.update({ organization_id, member_id, roles })
    }

    const countEvents = async (operation: string) =>
      (
        await runSql(database.location, 'select 1 from audit_events where operation = $1', [
          operation
        ])
      ).length

    const setRoles = (roles: Role[]) =>
      client.rbac.organizations.setOrgPolicy({ organization_id: 'acme', org_policy: { roles } })

    test('from the policy of a project grants nothing, until it is restored', async () => {
      await serve([editor])
      expect(await mayWrite('acme')).toBe(true)
      await serve([])
      expect(await mayWrite('acme')).toBe(false)
      await serve([editor])
      expect(await mayWrite('acme')).toBe(false)
      const { policy } = await client.rbac.policy()
      expect(policy?.roles.map(({ role_id }) => role_id)).not.toContain('editor')
      expect(await refusalOf(assign('acme', ['editor']))).toMatchObject({
        error_type: 'invalid_role'
      })
      expect(await refusalOf(setRoles([editor]))).toMatchObject({ error_type: 'rbac_role_removed' })
      expect(warnings).toContainEqual(
        expect.objectContaining({
          code: 'MEMBERGATE_REMOVED_ROLE',
          message: expect.stringContaining('membergate roles restore editor')
        })
      )
      await serve([editor])
      expect(await mayWrite('acme')).toBe(false)

      const { project_id } = project
      expect(await run('editor', '--json', '--database', database.location)).toEqual({
        code: 0,
        stdout: `${JSON.stringify({ project_id, role_id: 'editor' })}\n`,
        stderr: ''
      })
      expect(await mayWrite('acme')).toBe(true)
      const seeds = await countEvents('seed.apply')
      await serve([editor])
      expect(await mayWrite('acme')).toBe(true)
      expect([await countEvents('roles.restore'), await countEvents('seed.apply')]).toEqual([
        1,
        seeds
      ])
      const again = await run('editor', '--database', database.location)
      expect([again.code, again.stdout]).toEqual([2, ''])
      expect(again.stderr).toMatch(/^membergate: No role "editor" was removed [^\n]*\n$/)
    }, 120_000)

    test('from the policy of an organization is rejected, until it is restored there', async () => {
      await serve([editor])
      await setRoles([writer])
      await assign('acme', ['writer'])
      expect(await mayWrite('acme')).toBe(true)
      await setRoles([])
      const rejected = { status_code: 400, error_type: 'rbac_role_removed' }
      expect(await refusalOf(setRoles([reader, writer]))).toMatchObject(rejected)
      await setRoles([reader])
      expect(await mayWrite('acme')).toBe(false)
      // Neither does the project restore it there, by a role of the same id.
      await serve([editor, writer])
      expect(await mayWrite('acme')).toBe(false)
      await assign('globex', ['writer'])
      expect(await mayWrite('globex')).toBe(true)

      await serve([editor])
      await assign('globex', [])
      const elsewhere = await run(
        'writer',
        '--organization',
        'globex',
        '--database',
        database.location
      )
      expect(elsewhere.code).toBe(2)
      expect((await run('writer', '--database', database.location)).code).toBe(0)
      const here = await run('writer', '--organization', 'acme', '--database', database.location)
      expect(here.code).toBe(0)
      const events =
        "select kind, organization_id from audit_events where operation = 'roles.restore'"
      const { organization_id } = (await client.organizations.get({ organization_id: 'acme' }))
        .organization
      expect(await runSql(database.location, events)).toContainEqual({
        kind: 'policy',
        organization_id
      })
      await setRoles([writer])
      expect(await mayWrite('acme')).toBe(true)
    }, 120_000)

    test('comes back by its name where the project says so', async () => {
      const settings = { restore_removed_roles: true }
      await serve([editor], settings)
      await setRoles([writer])
      await assign('acme', ['writer'])
      await setRoles([])
      await setRoles([writer])
      expect(await mayWrite('acme')).toBe(true)
      await assign('globex', ['editor'])
      await serve([], settings)
      expect(await mayWrite('globex')).toBe(false)
      await serve([editor], settings)
      expect(await mayWrite('globex')).toBe(true)
    }, 120_000)
  })
})

describe('the options of membergate roles', () => {
  const read = (...args: string[]) => readRolesOptions(args, {})

  test('are read, and misspelt ones say what to write', () => {
    expect(read('restore', 'editor', '--database', 'x.db', '--organization', 'acme')).toEqual({
      role_id: 'editor',
      database: expect.objectContaining({ location: 'x.db' }),
      project_id: undefined,
      organization_id: 'acme',
      json: false
    })
    for (const args of [[], ['--help'], ['restore', '-h'], ['restore', 'editor', '--help']]) {
      expect(read(...args)).toBe('help')
    }
    expect(read('restore', 'editor', '-v')).toBe('version')
    expect(() => read('remove', 'editor')).toThrow(/roles restore/)
    for (const args of [['restore'], ['restore', '--database', 'x.db']]) {
      expect(() => read(...args)).toThrow(/id of the role/)
    }
    expect(() => read('restore', 'editor')).toThrow(/--database/)
  })
})
