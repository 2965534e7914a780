import { subscribe } from 'node:diagnostics_channel'
import { inspect } from 'node:util'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals'
import type { RefusalEvent } from 'membergate'
import type { RefusalReason } from 'membergate/errors'
import { refusalReasons } from '../../src/errors/reasons.ts'
import { type Denials, openDenials } from '../support/denials.ts'

/** Reasons that only a call of the client gives: no request is decided about. */
const ofClient = new Set<RefusalReason>(['jwt_expired', 'jwt_not_yet_valid', 'jwt_too_old'])
/** What a pending sign-in lacks replaces the reason for the denial, which the event keeps. */
const ofPendingSignIn = new Set<RefusalReason>([
  'primary_factor_missing',
  'second_factor_missing',
  'organization_not_chosen'
])

let denials: Denials
const events: RefusalEvent[] = []
/** All that is said anywhere, in this process. */
const said: string[] = []
subscribe('membergate.refusal', (message) => {
  events.push(message as RefusalEvent)
  said.push(JSON.stringify(message))
})
const { emitWarning } = process
process.emitWarning = (...given: unknown[]) => {
  said.push(inspect(given))
}

beforeAll(async () => {
  denials = await openDenials()
})
afterAll(async () => {
  process.emitWarning = emitWarning
  await denials.close()
})
beforeEach(() => {
  events.length = 0
})

async function eventOf(reason: RefusalReason): Promise<RefusalEvent> {
  await denials.deny(reason)
  const event = events.at(-1)
  if (event === undefined) throw new Error('No event was published.')
  return event
}

describe('a denial says its reason:', () => {
  test.each(Object.keys(refusalReasons) as RefusalReason[])('%s', async (reason) => {
    const error = await denials.deny(reason)
    expect(error.reason).toBe(reason)
    said.push(JSON.stringify(error), JSON.stringify(error.explanation) ?? '')
    said.push(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true }))

    const event = events.findLast((candidate) => candidate.reason === reason) ?? events.at(-1)
    if (ofClient.has(reason)) {
      expect(event).toBeUndefined()
    } else if (ofPendingSignIn.has(reason)) {
      expect(error.explanation).toMatchObject({ reason, detail: refusalReasons[reason] })
      expect(event).toMatchObject({ code: 'session_required', reason: 'no_credential' })
    } else {
      expect(event).toMatchObject({
        code: error.code,
        status: error.status,
        reason,
        detail: refusalReasons[reason]
      })
      const { code: _, status: __, ...explanation } = event ?? {}
      expect(error.explanation).toEqual(explanation)
    }
  })

  test('and nothing of what was sent, nor of what was answered', () => {
    expect(said.length).toBeGreaterThan(200)
    expect(denials.secrets.size).toBeGreaterThan(1000)
    for (const line of said) {
      expect([line, [...denials.secrets].filter((secret) => line.includes(secret))]).toEqual([
        line,
        []
      ])
    }
  })
})

describe('an event tells', () => {
  test('the permission, the member and the steps', async () => {
    const { organization_id, member_id, member_session_id } = denials.member_session
    expect(await eventOf('no_role_grants')).toEqual({
      code: 'permission_denied',
      status: 403,
      reason: 'no_role_grants',
      detail: 'No role of the session grants the action on the resource.',
      method: 'GET',
      path: '/documents/…',
      credential: 'bearer',
      tried: ['header:session_jwt', 'local:young'],
      resource_id: 'documents',
      action: 'write',
      organization_id,
      member_id,
      member_session_id,
      causes: []
    })
  })

  test('no ids where only the token itself names them', async () => {
    const { member_session_id } = denials.member_session
    for (const reason of ['wrong_signature', 'unknown_key', 'keys_unavailable'] as const) {
      const event = await eventOf(reason)
      expect(event).not.toHaveProperty('member_id')
      expect(JSON.stringify(event)).not.toContain(member_session_id)
    }
  })

  test('what the authority answered', async () => {
    expect(await eventOf('session_over_at_authority')).toMatchObject({
      tried: ['header:session_token', 'remote:400'],
      causes: [
        {
          name: 'ApiError',
          code: 'invalid_session_token',
          message: 'The authority answered 400 invalid_session_token.'
        }
      ]
    })
    expect(await eventOf('authority_error_status')).toMatchObject({
      tried: ['header:session_token', 'remote:500'],
      causes: [{ code: 'internal_server_error' }]
    })
  })

  test('why there was no answer, down to the code of the system', async () => {
    const event = await eventOf('authority_unreachable')
    expect(event.tried).toEqual(['header:session_token', 'remote:authority_unreachable'])
    expect(event.causes.map(({ code }) => code)).toContain('ECONNREFUSED')
    expect(event.causes.at(-1)?.message).toMatch(/^connect ECONNREFUSED 127\.0\.0\.1:\d+$/)
    expect((await eventOf('authority_timeout')).causes).toEqual([
      { name: 'Error', code: undefined, message: 'No answer within 5 ms.' }
    ])
    expect(await eventOf('keys_unavailable')).toMatchObject({
      tried: ['header:session_jwt', 'local:keys_unavailable', 'remote:authority_unreachable'],
      causes: [
        { name: 'UnavailableError', code: 'authority_unavailable' },
        { code: undefined },
        { code: 'ECONNREFUSED' }
      ]
    })
  })

  test('of the errors of another client the codes alone', async () => {
    expect((await eventOf('authority_call_failed')).causes).toEqual([
      { name: 'Error', code: undefined, message: '' },
      { name: 'Error', code: 'ENOTFOUND', message: 'ENOTFOUND' }
    ])
  })

  test('a chain of five causes at most', async () => {
    const { AccessError } = await import('membergate/errors')
    const { flattenCauses } = await import('../../src/errors/private-cause.ts')
    let cause: unknown
    for (let count = 0; count < 9; count += 1)
      cause = new AccessError('session_invalid', { reason: 'malformed_jwt', cause })
    expect(flattenCauses({ cause })).toHaveLength(5)
    const circle = new Error('round')
    circle.cause = circle
    expect(flattenCauses({ cause: circle })).toHaveLength(5)
  })
})

test('requests that share a remote check have explanations of their own', async () => {
  const { createMemberAuth } = await import('membergate')
  let calls = 0
  const { requireMemberSession } = createMemberAuth({
    project_id: 'project-test-1',
    secret: 'secret-test-0123456789abcdefghijklmnop',
    fetch: async () => {
      calls += 1
      return Response.json({ error_type: 'session_not_found' }, { status: 404 })
    }
  })
  const guard = requireMemberSession()
  const decisions = await Promise.all(
    ['/here', '/there'].map((url) =>
      guard({ method: 'GET', url, headers: { authorization: `Bearer ${'t'.repeat(43)}` } })
    )
  )
  expect(calls).toBe(1)
  expect(
    decisions.map((decision) => (decision.accepted ? '' : decision.error.explanation?.path))
  ).toEqual(['/here', '/there'])
})

test('an error that an app sends on as JSON holds nothing that explains it', async () => {
  const error = await denials.deny('no_role_grants')
  expect(Object.keys(JSON.parse(JSON.stringify(error))).sort()).toEqual([
    'code',
    'expose',
    'headers',
    'status'
  ])
})
