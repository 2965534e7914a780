import { Agent, request } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { operations as table } from '../../src/authority/operations.ts'
import { errorTypes } from '../../src/wire/error-types.ts'
import type { OperationName } from '../../src/wire/routes.ts'
import { engines } from '../support/databases.ts'
import { type Fixture, openFixture } from '../support/fixture.ts'
import { type FixtureServer, openFixtureServer } from '../support/fixture-server.ts'
import { type NotedChanges, noteChanges } from '../support/noted-changes.ts'
import { elsewhere, requirements } from './refusals/coverage.ts'
import { malformedFields } from './refusals/fields.ts'
import { rules } from './refusals/list.ts'
import { findOthers, type Others } from './refusals/others.ts'
import {
  memberFields,
  organizationFields,
  organizationFieldsOfBackend
} from './refusals/permissions.ts'
import { fieldsOf, operations, type Rule, routeOf, type Sent } from './refusals/rule.ts'
import { newScene, type Scene } from './refusals/scene.ts'
import { basic } from './refusals/transport.ts'

/**
 * Each operation and each rule that it has: a call that breaks this rule and no other is rejected as the specification
 * says, gives away nothing, and changes nothing. The list stands in `refusals/`.
 */

/** The mutation run lets calls succeed that must not: then each has a scene of its own. */
const isTrying = Reflect.get(Object(Reflect.get(globalThis, 'mutants')), 'isTrying') === true

const agent = new Agent({ keepAlive: true })
let fixtureServer: FixtureServer
let fixture: Fixture
let others: Others
let changes: NotedChanges

beforeAll(async () => {
  const [sqlite] = engines
  if (sqlite === undefined) throw new Error('There is no SQLite.')
  fixtureServer = await openFixtureServer(sqlite.create)
  fixture = openFixture(fixtureServer, 'our client')
  others = await findOthers(fixtureServer, fixture)
  changes = await noteChanges(fixtureServer.database)
})
afterAll(async () => {
  agent.destroy()
  changes?.close()
  await others?.silent.close()
  await fixtureServer?.close()
})

describe.each(operations)('%s', (operation) => {
  const own = rulesOf(operation)
  let scene: Scene
  beforeAll(async () => {
    scene = await newScene(fixture, operation)
  })

  for (const rule of own.filter(
    ({ alone, afterSeconds }) => !alone && afterSeconds === undefined
  )) {
    test(`rejects ${rule.of}`, async () =>
      expectRejection(operation, rule, isTrying ? await newScene(fixture, operation) : scene))
  }

  test('and then succeeds, because nothing was used up', async () => {
    const answer = await call(operation, scene, { request: scene.request })
    expect(answer).toEqual({ status: 200, text: expect.stringMatching(/"status_code":200/) })
  })

  for (const rule of own.filter(({ alone }) => alone)) {
    test(`rejects ${rule.of}`, async () =>
      expectRejection(operation, rule, await newScene(fixture, operation)))
  }
})

/** At the end, because it ends everything else. */
describe('when time has gone by', () => {
  for (const rule of rules) {
    const { afterSeconds } = rule
    if (afterSeconds === undefined) continue
    test.each(rule.operations)(`%s rejects ${rule.of}`, async (operation) => {
      const scene = await newScene(fixture, operation)
      fixture.clock.advance(afterSeconds)
      await expectRejection(operation, rule, scene)
    })
  }
})

describe('the list of rules', () => {
  test('names each call once', () => {
    for (const operation of operations) {
      const names = rulesOf(operation).map(({ of }) => of)
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
    }
  })

  test('knows what is malformed in each field of every request, and in no other', () => {
    const fields = new Set(operations.flatMap((operation) => Object.keys(fieldsOf(operation))))
    expect(Object.keys(malformedFields).sort()).toEqual([...fields].sort())
  })

  test('knows which permission each field needs that a member may send', () => {
    const of = (operation: OperationName) => Object.keys(fieldsOf(operation)).sort()
    const ids = ['organization_id', 'member_id', 'trusted_metadata']
    const organization = { ...organizationFields, ...organizationFieldsOfBackend }
    expect(of('organizations.update').filter((field) => !ids.includes(field))).toEqual(
      Object.keys(organization).sort()
    )
    expect(of('organizations.members.update').filter((field) => !ids.includes(field))).toEqual(
      [...Object.keys(memberFields), 'external_id'].sort()
    )
  })

  describe.each(requirements)('has for what $what', ({ operations: some, answers, but = {} }) => {
    test.each(some.filter((operation) => but[operation] === undefined))('%s', (operation) => {
      const seen = rulesOf(operation).map((rule) => errorOf(rule, operation).error_type)
      for (const types of answers) {
        expect(types.some((type) => seen.includes(type)) ? [] : types).toEqual([])
      }
    })
  })

  test('knows every operation with which a password or code is guessed', () => {
    const wrong = [
      'otp_code_not_found',
      'unable_to_authenticate_totp',
      'unable_to_authenticate_recovery_code'
    ]
    const guessing = operations.filter((operation) => {
      const isWrong = (rule: Rule) => wrong.includes(errorOf(rule, operation).error_type)
      return rulesOf(operation).some(isWrong) || takesPassword(operation)
    })
    expect(operations.filter((operation) => table[operation].limits.guesses)).toEqual(guessing)
  })

  test('has every error type of the API', () => {
    const seen = new Set<string>(Object.keys(elsewhere))
    for (const rule of rules) {
      for (const operation of rule.operations) seen.add(errorOf(rule, operation).error_type)
    }
    expect([...seen].sort()).toEqual(Object.keys(errorTypes).sort())
  })
})

/** Of the member who signs in, not one that is set. */
function takesPassword(operation: OperationName): boolean {
  const { password, existing_password, email_address } = fieldsOf(operation)
  const isSignIn = table[operation].audit === 'sign_in' && password !== undefined
  return email_address !== undefined && (isSignIn || existing_password !== undefined)
}

function rulesOf(operation: OperationName): readonly Rule[] {
  return rules.filter((rule) => rule.operations.includes(operation))
}

function errorOf({ rejects }: Rule, operation: OperationName) {
  const rejection = typeof rejects === 'string' ? rejects : rejects(operation)
  const [status_code, error_type = ''] = rejection.split(' ')
  return { status_code: Number(status_code), error_type }
}

async function expectRejection(operation: OperationName, rule: Rule, scene: Scene): Promise<void> {
  const error = errorOf(rule, operation)
  const sent = await rule.broken(scene, others)
  let answer: Answer = { status: 0, text: '' }
  const make = async () => {
    answer = await call(operation, scene, sent)
  }
  const changed = await changes.during(() => (sent.while === undefined ? make() : sent.while(make)))
  const body = JSON.parse(answer.text)
  expect([answer.status, body]).toEqual([
    error.status_code,
    {
      ...error,
      request_id: expect.stringMatching(/./),
      error_message: expect.stringMatching(/./),
      error_url: expect.stringMatching(/./)
    }
  ])
  expect([...changed].sort()).toEqual([...(rule.leaves?.(operation) ?? [])].sort())
}

interface Answer {
  readonly status: number
  readonly text: string
}

/** Sends a request as a client does, or as only a broken one would. */
function call(
  operation: OperationName,
  { fixture: { project_id, secret } }: Scene,
  { request: fields = {}, body, method, headers, url: server = fixtureServer.url }: Sent
): Promise<Answer> {
  const { path: template, method: usual } = routeOf(operation)
  const beside = { ...fields }
  const path = template.replace(/\{(\w+)\}/g, (_braces, field: string) => {
    delete beside[field]
    return encodeURIComponent(String(fields[field]))
  })
  const url = new URL(path, server)
  if (usual === 'GET') {
    for (const [field, value] of Object.entries(beside)) {
      if (value !== undefined) url.searchParams.set(field, String(value))
    }
  }
  const content = usual === 'GET' ? '' : (body ?? JSON.stringify(beside))
  const options = {
    agent,
    method: method ?? usual,
    headers: {
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(content)),
      authorization: basic(`${project_id}:${secret}`),
      ...headers
    }
  }
  return new Promise((resolve, reject) => {
    const sent = request(url, options, (answer) => {
      text(answer).then((read) => resolve({ status: answer.statusCode ?? 0, text: read }), reject)
    })
    sent.on('error', reject)
    sent.end(content)
  })
}
