import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals'
import { createClient } from 'membergate/client'
import type { OpenAuthority } from 'membergate/testing'
import { authorizationHeaders } from '../../src/wire/authorization.ts'
import { listRoutes } from '../../src/wire/routes.ts'
import { timeoutMs } from '../support/patience.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'
import { type CodeBlock, codeBlocksOf, isProgram, pages } from './code-blocks.ts'
import { faultsIn } from './copied/faults.ts'
import { closeOpened, inPlaceOf, listOpened } from './copied/in-place-of.ts'
import { observe } from './copied/observe.ts'
import { addTwoMembers, type TwoMembers } from './copied/two-members.ts'
import { pathsOf, unreachedOf, walkThrough } from './copied/walk.ts'

/** What readers copy out of the pages tells a member without roles nothing of a colleague but name and e-mail address. */

const folder = fileURLToPath(new URL('../../test-output/copied', import.meta.url))
const replacement = fileURLToPath(new URL('copied/in-place-of.ts', import.meta.url))
const logs = ['log', 'info', 'warn', 'error', 'debug'] as const

const blocks = pages.flatMap(codeBlocksOf)
const programs = blocks.filter((block) => isProgram(block) && !servesTheApiAlone(block))

/** Whether a program hands requests to the authority's own app, and has no word in what it answers. */
function servesTheApiAlone({ code }: CodeBlock): boolean {
  const imported = [...code.matchAll(/ from '([^']+)'/g)].map(([, name]) => name)
  const modules = ['membergate/authority', 'node:http']
  return (
    imported.includes('membergate/authority') &&
    imported.every((name) => modules.includes(name ?? '')) &&
    !/\b(req|res|ctx|request|response)\b/i.test(code)
  )
}

/** Whether anything in a block looks as if it answered a request. */
function mayAnswer({ code }: CodeBlock): boolean {
  return /\b(req|res|ctx|request|response|app|server|router|koa)\b|createServer|express\(/i.test(
    code
  )
}

/** How many apps, servers, routers and functions of web requests a program makes. */
function countAnswerers({ code }: CodeBlock): number {
  const made =
    /\bexpress\(\)|\bnew Koa\b|\bcreateServer\(|\bRouter\(\)|^export (async )?function (GET|POST|PUT|PATCH|DELETE|fetch)\b/gm
  return code.match(made)?.length ?? 0
}

let testServer: TestServer
let people: TwoMembers
let logged: string[]

beforeAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  testServer = await openTestServer()
  const { url, project_id, secret } = testServer.authority
  process.env.STYTCH_URL = url
  process.env.STYTCH_PROJECT_ID = project_id
  process.env.STYTCH_SECRET = secret
  process.env.MEMBERGATE_ORIGIN = 'http://localhost:3000'
  people = await addTwoMembers(testServer.client, 'acme')
  logged = []
  for (const name of logs) {
    jest.spyOn(console, name).mockImplementation((...values) => {
      logged.push(values.map(String).join(' '))
    })
  }
})
afterAll(async () => {
  jest.restoreAllMocks()
  await testServer.close()
})

/** The people of a program's own authority, where it opens one. */
function peopleAt(authority: OpenAuthority | undefined): Promise<TwoMembers> {
  if (authority === undefined) return Promise.resolve(people)
  const { url, project_id, secret } = authority
  return addTwoMembers(createClient({ url, project_id, secret, timeoutMs }), 'acme')
}

async function walk({ name, code }: Pick<CodeBlock, 'name' | 'code'>) {
  const file = join(folder, `${name}.ts`)
  writeFileSync(file, code.replace(inPlaceOf, `'${replacement}'`))
  const answerers = await observe(file)
  const there = await peopleAt(listOpened()[0])
  const paths = pathsOf(code)
  const exchanges = await walkThrough(answerers, paths, there)
  await Promise.all(answerers.map((each) => each.close()))
  await closeOpened()
  return {
    answerers: answerers.length,
    faults: faultsIn(exchanges, there.marks),
    unreached: unreachedOf(exchanges, paths)
  }
}

describe('what a page shows', () => {
  test('is of a language that is known to be a program or none', () => {
    const languages = new Set(blocks.map(({ language }) => language))
    expect([...languages].sort()).toEqual(['', 'json', 'mermaid', 'sh', 'text', 'ts'])
  })

  test('answers no request where it is not walked', () => {
    const walked = new Set(programs)
    const rest = blocks.filter((block) => block.language === 'ts' && !walked.has(block))
    const answering = rest.filter((block) => !servesTheApiAlone(block) && mayAnswer(block))
    expect(answering).toEqual([])
    expect(programs.length).toBeGreaterThan(12)
  })

  test.each(programs.map((block) => [block.name, block] as const))(
    'tells nothing of a colleague in %s',
    async (_, block) => {
      const { answerers, faults, unreached } = await walk(block)
      expect(answerers).toBe(countAnswerers(block))
      expect({ faults, unreached }).toEqual({ faults: [], unreached: [] })
      if (answerers === 0) expect(mayAnswer(block)).toBe(false)
    },
    60_000
  )
})

describe('the walk', () => {
  const guarded = `import { createMemberAuth } from 'membergate/FRAMEWORK'
const { client, memberOf, requireMemberSession } = createMemberAuth()
const find = (organization_id: string) =>
  client.organizations.members.search({ organization_ids: [organization_id] })
`
  const leaks = {
    express: `import express from 'express'
${guarded.replace('FRAMEWORK', 'express')}
express().use('/api', express.Router().get('/members', requireMemberSession(), async (req, res) => {
  res.json(await find(memberOf(req).organization_id))
}))`,
    koa: `import Router from '@koa/router'
import Koa from 'koa'
${guarded.replace('FRAMEWORK', 'koa')}
const router = new Router({ prefix: '/api' })
router.get('/members', requireMemberSession(), async (ctx) => {
  ctx.body = await find(memberOf(ctx).organization_id)
})
new Koa().use(router.routes())`,
    node: `import { createServer } from 'node:http'
${guarded.replace('/FRAMEWORK', '')}
createServer(async (req, res) => {
  const decision = await requireMemberSession()(req)
  if (!decision.accepted || !req.url?.startsWith('/members')) return res.end()
  res.end(JSON.stringify(await find(memberOf(req).organization_id)))
})`,
    web: `${guarded.replace('/FRAMEWORK', '')}
export async function POST(request: Request): Promise<Response> {
  const decision = await requireMemberSession()(request)
  if (!decision.accepted) return new Response('', { status: 401 })
  return Response.json(await find(memberOf(request).organization_id))
}`,
    header: `import express from 'express'
${guarded.replace('FRAMEWORK', 'express')}
express().post('/look', requireMemberSession(), express.json(), async (req, res) => {
  const { organization_id } = memberOf(req)
  const { email_address } = req.body
  const { member } = await client.organizations.members.get({ organization_id, email_address })
  res.set('X-Phone', member.mfa_phone_number).sendStatus(204)
})`
  }

  test.each(Object.entries(leaks))('finds what is told by %s', async (name, code) => {
    const { answerers, faults, unreached } = await walk({ name: `leak-${name}`, code })
    expect(answerers).toBe(1)
    expect(countAnswerers({ name, language: 'ts', code })).toBeGreaterThan(0)
    expect(unreached).toEqual([])
    const found = [...people.marks.keys()].filter((mark) =>
      faults.some((line) => line.endsWith(mark))
    )
    const phone = [...people.marks.keys()].filter((mark) => mark.startsWith('mfa_phone_number'))
    // No answer of the API has the secret of an authenticator or a recovery code.
    const every = [...people.marks.keys()].filter((mark) => !/TOTP|recovery code/.test(mark))
    expect(found).toEqual(name === 'header' ? phone : every)
  })

  test('finds markup that was typed, ways to another site and pages that lack what people need', async () => {
    const code = `import express from 'express'
const app = express()
app.get('/search', (req, res) => { res.send(\`<!doctype html><p>\${req.query.token}\`) })
app.get('/go', (req, res) => { res.redirect(303, String(req.query.return_to)) })
app.get('/form', (_req, res) => { res.send('<!doctype html><main><h1></h1><input name="code"></main>') })`
    const { faults } = await walk({ name: 'faults', code })
    const toMember = faults.filter((fault) => fault.includes('to the member'))
    const lacking = ['has no language', 'does not say its character set', 'is shrunk on phones']
    expect(toMember.map((fault) => fault.replace(/^GET (\S+), to the member: /, '$1 '))).toEqual([
      '/search sends what was typed as markup',
      ...[...lacking, 'has no title', 'has not one main part', 'has not one heading'].map(
        (fault) => `/search ${fault}`
      ),
      '/go leads to //evil.example/%3Ci%3E',
      ...[...lacking, 'has no title'].map((fault) => `/form ${fault}`),
      '/form has an input without a label',
      '/form has an input without autocomplete'
    ])
  })

  test('finds what a page of another site can do', async () => {
    const code = `import express from 'express'
express().post('/act', (_req, res) => { res.json({}) })`
    const { faults } = await walk({ name: 'another-site', code })
    expect(faults).toEqual(['POST /act, to the page of another site: acts'])
  })

  test('says which route it did not reach', async () => {
    const code = `import express from 'express'
const app = express()
const name = '/hidden'
app.get(name, (_req, res) => { res.json({}) })
if (name === '') app.post('/never', (_req, res) => { res.json({}) })`
    const { unreached } = await walk({ name: 'unreached', code })
    expect(unreached).toEqual([{ method: 'POST', path: '/never' }])
  })
})

test('the API itself tells a member nothing who has no secret of the project', async () => {
  const { organization_id } = people.organization
  for (const [name, { method, path }] of listRoutes()) {
    const cookie = await people.signIn(people.addresses.member)
    const [, token = ''] = /stytch_session=([^;]+)/.exec(cookie) ?? []
    const filled = path.replace(/\{(\w+)\}/g, (_, part) =>
      part === 'organization_id' ? organization_id : people.colleague.member_id
    )
    const answer = await fetch(new URL(filled, testServer.authority.url), {
      method,
      headers: {
        cookie,
        authorization: `Bearer ${token}`,
        [authorizationHeaders.session_token]: token,
        'content-type': 'application/json'
      },
      ...(method === 'GET' ? {} : { body: JSON.stringify({ organization_ids: [organization_id] }) })
    })
    const isOpen = name === 'sessions.getJWKS'
    expect([name, answer.status]).toEqual([name, isOpen ? 404 : 401])
  }
})

test('nothing that was run logs a secret', () => {
  const secrets = [testServer.authority.secret, ...people.secrets]
  const found = logged.filter((line) => secrets.some((secret) => line.includes(secret)))
  expect(found).toEqual([])
  expect(people.secrets.length).toBeGreaterThan(100)
})
