import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { type Authority, createAuthority } from '../../src/authority.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'

const project_id = 'project-test-11111111-1111-4111-8111-111111111111'
const secret = 'secret-of-the-project-of-these-tests'

describeOnEachDatabase((createDatabase) => {
  let database: TestDatabase
  let authority: Authority
  let moment = Date.UTC(2026, 0, 1)

  beforeAll(async () => {
    database = await createDatabase()
    authority = await createAuthority({
      database: database.location,
      keys: [newAtRestKey()],
      now: () => {
        moment += 1000
        return moment
      },
      projects: [{ project_id, secret }]
    })
    for (const name of ['Alpha', 'Zürich 100%', 'Gamma_x', 'Delta', 'Epsilon']) {
      const slug = name.toLowerCase().replace(/[^a-z]/g, '-')
      await ask('post', 'organizations', {
        organization_name: name,
        organization_slug: slug,
        organization_external_id: `ext-${slug}`,
        email_allowed_domains: [`${slug.replace(/-/g, '')}.example`]
      })
      for (const person of ['ada', 'bob']) {
        await ask('post', `organizations/${slug}/members`, {
          email_address: `${person}@${slug.replace(/-/g, '')}.example`,
          external_id: person,
          is_breakglass: person === 'bob'
        })
      }
    }
  })

  afterAll(async () => {
    await authority.close()
    await database.drop()
  })

  async function ask(verb: 'get' | 'post' | 'put', path: string, body: object = {}) {
    const asked = request(authority.app)[verb](`/v1/b2b/${path}`).auth(project_id, secret)
    const answer = verb === 'get' ? await asked.query(body) : await asked.send(body)
    return answer.body
  }

  const where = (filter_name: string, filter_value: unknown, operator = 'AND') => ({
    query: { operator, operands: [{ filter_name, filter_value }] }
  })

  test('an organization is found by id, slug and external id, a member by id and external id', async () => {
    const { organization } = await ask('get', 'organizations/alpha')
    const { organization_id } = organization
    for (const address of [organization_id, 'ext-alpha']) {
      expect((await ask('get', `organizations/${address}`)).organization).toEqual(organization)
      const found = await ask('get', `organizations/${address}/member`, { member_id: 'ada' })
      expect(found).toMatchObject({ member_id: found.member.member_id, organization })
      const { member_id } = found
      const again = await ask('get', 'organizations/alpha/member', { member_id })
      expect(again.member).toEqual(found.member)
    }
    const { member_id } = await ask('get', 'organizations/alpha/member', { member_id: 'ada' })
    const elsewhere = await ask('get', 'organizations/delta/member', { member_id })
    expect(elsewhere.error_type).toBe('member_not_found')
    const nowhere = await ask('get', 'organizations/none/member', { member_id })
    expect(nowhere.error_type).toBe('organization_not_found')
  })

  test('changes made at the same moment are all kept', async () => {
    const changes = Array.from({ length: 10 }, (_, index) =>
      ask('put', 'organizations/alpha', { trusted_metadata: { [`k${index}`]: index } })
    )
    await Promise.all(changes)
    const { organization } = await ask('get', 'organizations/alpha')
    expect(Object.keys(organization.trusted_metadata)).toHaveLength(10)
  })

  test.each([
    [{ organization_name: undefined }, 'organization_name_missing'],
    [{ organization_name: null }, 'organization_name_missing'],
    [{ organization_name: '' }, 'invalid_organization_name'],
    [{ organization_name: ' ' }, 'invalid_organization_name'],
    [{ organization_external_id: 'a b' }, 'invalid_organization_external_id'],
    [{ organization_external_id: 5 }, 'invalid_organization_external_id'],
    [{ organization_external_id: '..' }, 'invalid_organization_external_id'],
    [{ allowed_oauth_tenants: { slack: 5 } }, 'invalid_argument'],
    [{ allowed_oauth_tenants: { myspace: ['T1'] } }, 'invalid_argument'],
    [
      { rbac_email_implicit_role_assignments: [{ domain: 'not a domain', role_id: 'x' }] },
      'rbac_invalid_domain'
    ],
    [
      { rbac_email_implicit_role_assignments: [{ domain: ' gmail.com', role_id: 'x' }] },
      'rbac_invalid_domain'
    ],
    [
      { rbac_email_implicit_role_assignments: [{ domain: 'GMail.com', role_id: 'x' }] },
      'rbac_domain_too_common'
    ]
  ])('an organization is refused with %j', async (fields, type) => {
    const answer = await ask('post', 'organizations', { organization_name: 'Refused', ...fields })
    expect(answer).toMatchObject({ status_code: 400, error_type: type })
  })

  test('the retired address of a member is refused to others, and not as one that is in use', async () => {
    const create = (email_address: string) =>
      ask('post', 'organizations/epsilon/members', { email_address })
    const { member_id } = await create('before@epsilon.example')
    const rename = { email_address: 'after@epsilon.example' }
    await ask('put', `organizations/epsilon/members/${member_id}`, rename)
    expect((await create('Before@epsilon.example')).error_type).toBe('retired_member_email')
    expect((await create('after@epsilon.example')).error_type).toBe('duplicate_member_email')
    const taken = { email_address: 'before@epsilon.example' }
    const other = await ask('put', 'organizations/epsilon/members/bob', taken)
    expect(other.error_type).toBe('retired_member_email')
  })

  describe('a search of organizations', () => {
    test.each([
      ['organization_name_fuzzy', 'ZÜR', 1],
      ['organization_name_fuzzy', '00%', 1],
      ['organization_name_fuzzy', 'a_x', 1],
      ['organization_name_fuzzy', '%%%', 0],
      ['organization_slug_fuzzy', 'ELT', 1],
      ['organization_slugs', ['alpha', 'delta', 'none'], 2],
      ['organization_ids', [], 0],
      ['member_emails', ['ADA@alpha.example'], 1],
      ['member_email_fuzzy', 'bob@', 5],
      ['allowed_domains', ['alpha.example', 'delta.example'], 2],
      ['allowed_domains', ['ALPHA.Example'], 1],
      ['allowed_domains', ['example'], 0],
      ['allowed_domain_fuzzy', 'exam', 5],
      ['claimed_email_domains', ['alpha.example'], 0],
      ['has_active_sso_connection', true, 0],
      ['has_active_sso_connection', false, 5]
    ])('by %s %j finds %i', async (name, value, found) => {
      const answer = await ask('post', 'organizations/search', where(name, value))
      expect(answer.results_metadata).toEqual({ total: found, next_cursor: null })
      expect(answer.organizations).toHaveLength(found)
    })

    test.each([
      ['nothing', 1, 'organization_search_filter_name_not_recognized'],
      ['__proto__', 1, 'organization_search_filter_name_not_recognized'],
      ['organization_ids', 'alpha', 'search_invalid_filter_value'],
      ['organization_name_fuzzy', 'al', 'search_invalid_filter_value'],
      ['has_active_sso_connection', 'true', 'search_invalid_filter_value']
    ])('by %s %j is refused', async (name, value, type) => {
      const answer = await ask('post', 'organizations/search', where(name, value))
      expect(answer.error_type).toBe(type)
    })

    test.each([
      ['organization_name_fuzzy', 256, 60_000, (length: number) => 'x'.repeat(length)],
      ['allowed_domains', 256, 60_000, (length: number) => ['x'.repeat(length)]],
      ['allowed_domains', 100, 1000, (length: number) => Array(length).fill('x.example')]
    ])('by %s takes a length of %i, and not of %i', async (name, most, tooMuch, ofLength) => {
      const search = (length: number) =>
        ask('post', 'organizations/search', where(name, ofLength(length)))
      expect((await search(most)).results_metadata.total).toBe(0)
      expect((await search(most + 1)).error_type).toBe('search_invalid_filter_value')
      expect((await search(tooMuch)).error_type).toBe('search_invalid_filter_value')
    })

    test('comes in pages that miss and repeat nothing', async () => {
      const slugs: string[] = []
      let cursor: string | null | undefined
      do {
        const page = await ask('post', 'organizations/search', { limit: 2, cursor })
        slugs.push(
          ...page.organizations.map(
            (found: { organization_slug: string }) => found.organization_slug
          )
        )
        cursor = page.results_metadata.next_cursor
      } while (cursor !== null)
      expect(slugs).toEqual(['alpha', 'z-rich-----', 'gamma-x', 'delta', 'epsilon'])
    })

    test('takes no cursor of another search, and none that was altered', async () => {
      const { results_metadata } = await ask('post', 'organizations/search', { limit: 2 })
      const cursor = results_metadata.next_cursor
      for (const body of [
        { cursor, ...where('member_email_fuzzy', 'bob@') },
        { cursor: `${cursor.slice(0, -2)}xx` },
        { cursor: 'malformed' }
      ]) {
        const answer = await ask('post', 'organizations/search', body)
        expect(answer.error_type).toBe('search_invalid_cursor')
      }
    })
  })

  describe('a search of members', () => {
    test.each([
      ['member_emails', ['ada@delta.example', 'ada@alpha.example'], 1],
      ['member_email_fuzzy', 'ada', 1],
      ['member_is_breakglass', true, 1],
      ['statuses', ['active'], 2],
      ['statuses', ['deleted'], 0],
      ['member_phone_number_fuzzy', '202', 0]
    ])('of one organization by %s %j finds %i', async (name, value, found) => {
      const body = { organization_ids: ['alpha'], ...where(name, value) }
      const answer = await ask('post', 'organizations/members/search', body)
      expect(answer.members).toHaveLength(found)
      expect(Object.values(answer.organizations)).toMatchObject([{ organization_slug: 'alpha' }])
    })

    test('of several organizations joins conditions with OR when asked to', async () => {
      const operands = [
        { filter_name: 'member_emails', filter_value: ['ada@alpha.example'] },
        { filter_name: 'member_is_breakglass', filter_value: true }
      ]
      const organization_ids = ['alpha', 'ext-delta']
      const search = (operator: string) =>
        ask('post', 'organizations/members/search', {
          organization_ids,
          query: { operator, operands }
        })
      expect((await search('OR')).results_metadata.total).toBe(3)
      expect((await search('AND')).results_metadata.total).toBe(0)
    })

    test('needs an organization, and one that exists', async () => {
      const search = (organization_ids: string[]) =>
        ask('post', 'organizations/members/search', { organization_ids })
      expect((await search([])).error_type).toBe('member_search_organization_ids_empty')
      expect((await search(['none'])).error_type).toBe('organization_not_found')
    })
  })

  test.each(['Organization Test', 'Member Live Music', 'Search', '日本'])(
    'an organization called %s can be created and found by its slug',
    async (organization_name) => {
      const { organization } = await ask('post', 'organizations', { organization_name })
      const found = await ask('get', `organizations/${organization.organization_slug}`)
      expect(found.organization).toEqual(organization)
    }
  )
})
