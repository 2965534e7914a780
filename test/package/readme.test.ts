import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import type { Express } from 'express'
import request from 'supertest'
import { openWorld, type World } from '../support/world.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')

let world: World
let app: Express

beforeAll(async () => {
  world = await openWorld()
  const { url, project_id, secret } = world.authority
  process.env.STYTCH_URL = url
  process.env.STYTCH_PROJECT_ID = project_id
  process.env.STYTCH_SECRET = secret
  app = (await import('../../examples/quickstart.ts')).app
})
afterAll(() => world.close())

test('the README shows the quickstart to the letter', () => {
  expect(read('README.md')).toContain(`\`\`\`ts\n${read('examples/quickstart.ts')}\`\`\``)
})

test('the quickstart lets an admin rename a member, and nobody else', async () => {
  const admin = await world.signIn('admin@acme.test')
  const member = await world.signIn('member@acme.test')
  const bearer = (token: string) => ({ Authorization: `Bearer ${token}` })
  const path = `/members/${member.member_session.member_id}`

  await request(app).get('/me').expect(401)
  const me = await request(app).get('/me').set(bearer(member.session_token))
  expect(me.body.member_id).toBe(member.member_session.member_id)
  await request(app).put(path).set(bearer(member.session_jwt)).send({ name: 'Maxine' }).expect(403)
  const answer = await request(app)
    .put(path)
    .set(bearer(admin.session_jwt))
    .send({ name: 'Maxine' })
  expect(answer.body.member.name).toBe('Maxine')
  expect(answer.body.because).toEqual(['stytch_admin'])
})
