import { readFileSync } from 'node:fs'
import type { RequestListener } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import * as express from 'membergate/express'
import * as koa from 'membergate/koa'
import { createApp as createExpressB2b } from '../../examples/express-b2b/app.ts'
import { createApp as createExpressBasic } from '../../examples/express-basic/app.ts'
import { createApp as createKoaB2b } from '../../examples/koa-b2b/app.ts'
import { createApp as createKoaBasic } from '../../examples/koa-basic.ts'
import { timeoutMs } from '../support/patience.ts'
import { openTestServer, type TestServer } from '../support/test-server.ts'
import { cacheableIn, faultsIn } from './copied/faults.ts'
import { type Answerer, answererOfListener } from './copied/observe.ts'
import { addTwoMembers, type TwoMembers } from './copied/two-members.ts'
import { pathsOf, unreachedOf, walkThrough } from './copied/walk.ts'

/** What readers copy out of the examples. */

const origin = 'http://localhost:3000'

type Options = express.MemberAuthOptions & { readonly onRefusal: 'next' }

let testServer: TestServer
let people: TwoMembers

beforeAll(async () => {
  testServer = await openTestServer()
  people = await addTwoMembers(testServer.client, 'acme')
})
afterAll(() => testServer.close())

const examples = {
  'express-basic': {
    listenerOf: (options: Options) => createExpressBasic(express.createMemberAuth(options)),
    files: ['express-basic/app.ts', 'express-basic/site.ts', 'express-basic/api.ts']
  },
  'koa-basic': {
    listenerOf: (options: Options) => createKoaBasic(koa.createMemberAuth(options)).callback(),
    files: ['koa-basic.ts']
  },
  'express-b2b': {
    listenerOf: (options: Options) => createExpressB2b(express.createMemberAuth(options), origin),
    files: ['express-b2b/app.ts']
  },
  'koa-b2b': {
    listenerOf: (options: Options) =>
      createKoaB2b(koa.createMemberAuth(options), origin).callback(),
    files: ['koa-b2b/app.ts']
  }
}

interface Example {
  listenerOf(options: Options): RequestListener
  readonly files: readonly string[]
}

function open({ listenerOf }: Example): Promise<Answerer> {
  const { url, project_id, secret } = testServer.authority
  const { now } = testServer.clock
  const paths = { loginPath: '/sign-in', organizationsPath: '/organizations' }
  const project = { url, project_id, secret, now, timeoutMs }
  return answererOfListener(listenerOf({ ...project, ...paths, origin, onRefusal: 'next' }))
}

describe('an example', () => {
  test.each(Object.entries(examples))(
    'tells nothing of a colleague in %s',
    async (_, example) => {
      const code = example.files.map((file) =>
        readFileSync(new URL(`../../examples/${file}`, import.meta.url), 'utf8')
      )
      const paths = pathsOf(code.join('\n'))
      const answerer = await open(example)
      const exchanges = await walkThrough([answerer], paths, people)
      await answerer.close()
      expect(faultsIn(exchanges, people.marks)).toEqual([])
      expect(cacheableIn(exchanges)).toEqual([])
      expect(unreachedOf(exchanges, paths)).toEqual([])
      expect(paths.routes.length).toBeGreaterThan(6)
    },
    60_000
  )
})

describe('the list of members', () => {
  test.each([
    ['express-basic', '/members'],
    ['express-b2b', '/o/acme/members'],
    ['koa-b2b', '/o/acme/members']
  ] as const)(
    'of %s tells administrators alone who has which factor and role',
    async (name, path) => {
      const answerer = await open(examples[name])
      const { member, admin } = people.addresses
      for (const [address, isTold] of [
        [member, false],
        [admin, true]
      ] as const) {
        const headers = { cookie: await people.signIn(address) }
        const page = await answerer.answer({ method: 'GET', path, headers })
        expect(page.replaceAll('<wbr>', '')).toContain(people.colleague.email_address)
        expect([address, page.includes('Authenticator app')]).toEqual([address, isTold])
        expect([address, page.includes('>Admin<')]).toEqual([address, isTold])
      }
      await answerer.close()
    }
  )
})
