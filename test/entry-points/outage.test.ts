import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { createClient } from 'membergate/client'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import request from 'supertest'
import { newestFrameworks } from '../support/frameworks.ts'
import { newFolder } from '../support/new-folder.ts'
import { timeoutMs } from '../support/patience.ts'
import { password, seed } from '../support/people.ts'

test.each(newestFrameworks)(
  'an authority that stops and comes back needs no restart of an app on $name',
  async ({ open }) => {
    const folder = await newFolder()
    const project_id = 'project-test-22222222-2222-4222-8222-222222222222'
    const secret = 'secret-test-outage-0123456789abcdefghij'
    let clock = Date.now()
    const now = () => clock
    const start = (port = 0): Promise<OpenAuthority> =>
      openAuthority({
        database: join(folder, 'authority.sqlite'),
        projects: seed.map((project) => ({ ...project, project_id, secret })),
        port,
        now
      })

    const authority = await start()
    const { url } = authority
    const client = createClient({ url, project_id, secret, timeoutMs })
    const { session_token, session_jwt } = await client.passwords.authenticate({
      organization_id: 'acme',
      email_address: 'member@acme.test',
      password
    })
    const app = await open({ url, project_id, secret, now, timeoutMs }, (builder, auth) => {
      builder.get('/fresh', auth.requireMemberSession({ max_token_age_seconds: 0 }), () => ({}))
      builder.use(auth.requireMemberSession())
      builder.get('/me', ({ memberOf }) => memberOf())
    })
    const both = { Cookie: `stytch_session=${session_token}; stytch_session_jwt=${session_jwt}` }
    const opaque = { Cookie: `stytch_session=${session_token}` }
    const get = (path: string, headers: Record<string, string>) =>
      request(app.url).get(path).set(headers)
    await get('/me', both).expect(200)

    await authority.close()
    await get('/me', both).expect(200)
    for (const [path, headers] of [
      ['/me', opaque],
      ['/fresh', both]
    ] as const) {
      const answer = await get(path, headers)
      expect(answer.status).toBe(503)
      expect(answer.headers['retry-after']).toMatch(/^[1-9]\d*$/)
      expect(answer.headers['set-cookie']).toBeUndefined()
    }
    clock += 310_000
    await get('/me', both).expect(503)
    for (let index = 0; index < 30; index += 1) await get('/me', opaque).expect(503)

    const again = await start(Number(new URL(url).port))
    clock += 6000
    await get('/me', opaque).expect(200)
    await get('/me', both).expect(200)
    await get('/fresh', both).expect(200)

    await app.close()
    await again.close()
    await rm(folder, { recursive: true })
  }
)
