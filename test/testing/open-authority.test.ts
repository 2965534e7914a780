import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test } from '@jest/globals'
import { createClient } from 'membergate/client'
import { type OpenAuthority, type OpenAuthorityOptions, openAuthority } from 'membergate/testing'
import { newFolder } from '../support/new-folder.ts'
import { timeoutMs } from '../support/patience.ts'

const credentials = { email_address: 'ada@acme.test', password: 'correct horse battery staple' }
const acme = { organization_name: 'Acme', organization_slug: 'acme', members: [credentials] }

const opened: OpenAuthority[] = []

afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ close }) => close()))
})

async function open(options?: OpenAuthorityOptions) {
  const authority = await openAuthority(options)
  opened.push(authority)
  const { close, ...project } = authority
  return { ...project, close, client: createClient({ ...project, timeoutMs }) }
}

describe('openAuthority', () => {
  test('opens an authority without any options', async () => {
    const { url, client } = await open()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[0-9]+\/$/)
    const { organization } = await client.organizations.create({ organization_name: 'Acme' })
    expect(organization.organization_name).toBe('Acme')
  })

  test('holds the organizations and members it was given, and really checks passwords', async () => {
    const { client } = await open({ projects: [{ organizations: [acme] }] })
    const signIn = { organization_id: 'acme', ...credentials }
    const { member_session } = await client.passwords.authenticate(signIn)
    expect(member_session?.organization_slug).toBe('acme')
    await expect(
      client.passwords.authenticate({ ...signIn, password: 'wrong' })
    ).rejects.toMatchObject({ error_type: 'unauthorized_credentials' })
  })

  test('lives by the clock it was given', async () => {
    let now = Date.UTC(2026, 0, 1)
    const { client } = await open({ now: () => now, projects: [{ organizations: [acme] }] })
    const { session_token } = await client.passwords.authenticate({
      organization_id: 'acme',
      ...credentials,
      session_duration_minutes: 60
    })
    now += 59 * 60_000
    await client.sessions.authenticate({ session_token })
    now += 60_000
    await expect(client.sessions.authenticate({ session_token })).rejects.toMatchObject({
      error_type: 'session_not_found'
    })
  })

  test('two at once share nothing', async () => {
    const [one, other] = await Promise.all([open(), open()])
    expect(one.url).not.toBe(other.url)
    await one.client.organizations.create({ organization_name: 'Acme' })
    const { organizations } = await other.client.organizations.search({})
    expect(organizations).toEqual([])
  })

  test('a database in a file is opened again with the secret of its project, and rejected without', async () => {
    const folder = await newFolder()
    const database = join(folder, 'test.sqlite')
    const first = await open({ database, projects: [{ organizations: [acme] }] })
    const signIn = { organization_id: 'acme', ...credentials }
    const { session_token } = await first.client.passwords.authenticate(signIn)
    await first.close()
    opened.length = 0

    await expect(openAuthority({ database })).rejects.toMatchObject({ code: 'config_invalid' })
    const { project_id, secret } = first
    const again = await open({ database, projects: [{ project_id, secret }] })
    const answer = await again.client.sessions.authenticate({ session_token })
    expect(answer.session_token).toBe(session_token)
    await again.close()
    opened.length = 0
    await rm(folder, { recursive: true })
  })

  test('close frees the port', async () => {
    const first = await openAuthority()
    const port = Number(new URL(first.url).port)
    await expect(openAuthority({ port })).rejects.toMatchObject({ code: 'EADDRINUSE' })
    await first.close()
    expect((await open({ port })).url).toBe(first.url)
  })

  test('a misspelt option is named, and so is a wrong place in the projects', async () => {
    const misspelt = { port: 0, databse: ':memory:' }
    await expect(openAuthority(misspelt)).rejects.toThrow(/databse/)
    await expect(openAuthority({ projects: [{ project_id: 'acme' }] })).rejects.toThrow(
      /projects\[0\]\.project_id/
    )
  })
})
