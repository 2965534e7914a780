import type { RequestListener } from 'node:http'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import request from 'supertest'
import { ada, alan, grace, katherine } from '../../examples/seed.ts'
import { type Example, type ExampleOptions, openExample } from './open-example.ts'

interface Person {
  readonly email_address: string
  readonly password: string
}

/** What the JSON API of an example promises, whatever framework it is written for. */
export function describeJsonApi(createListener: (options: ExampleOptions) => RequestListener) {
  describe('the JSON API', () => {
    let example: Example

    beforeAll(async () => {
      example = await openExample(createListener)
    })

    afterAll(() => example.close())

    function post(path: string, body: object, browser = request.agent(example.listener)) {
      return browser.post(path).send(body)
    }

    async function signIn(person: Person, organization_slug = 'acme') {
      const browser = request.agent(example.listener)
      const { email_address, password } = person
      const answer = await post(
        '/api/sign-in',
        { organization_slug, email_address, password },
        browser
      )
      return { browser, answer }
    }

    async function memberIdOf({ email_address }: Person, organization_id = 'acme') {
      const { members } = example.client.organizations
      return (await members.get({ organization_id, email_address })).member_id
    }

    test.each([
      ['get', '/api/me'],
      ['get', '/api/members'],
      ['put', '/api/members/anybody'],
      ['get', '/api/organizations/acme/reports'],
      ['get', '/api/nowhere']
    ] as const)('refuses %s %s to nobody in particular', async (method, path) => {
      const { status, body, headers } = await request(example.listener)[method](path)
      expect([status, body.code]).toEqual([401, 'session_required'])
      expect(headers['content-type']).toMatch('application/problem+json')
      expect(headers['www-authenticate']).toBe('Bearer')
      expect(headers['cache-control']).toBe('private, no-store')
    })

    test('signs a member in with cookies that scripts cannot read, and keeps tokens out of the body', async () => {
      const { answer } = await signIn(grace)
      expect([answer.status, answer.body]).toEqual([200, { member_authenticated: true }])
      const session = cookiesOf(answer).filter(({ value }) => value !== '')
      expect(session.map(({ name }) => name)).toEqual(['stytch_session', 'stytch_session_jwt'])
      for (const { attributes } of session) {
        expect(attributes).toEqual(expect.arrayContaining(['HttpOnly', 'SameSite=Lax', 'Path=/']))
      }
    })

    test('refuses a wrong password, an unknown member and an unknown organization alike', async () => {
      const { email_address, password, organization_slug } = { ...grace, organization_slug: 'acme' }
      const answers = await Promise.all(
        [
          { organization_slug, email_address, password: 'wrong' },
          { organization_slug, email_address: 'nobody@acme.example', password },
          { organization_slug, email_address: 'not an address', password },
          { organization_slug: 'nowhere', email_address, password },
          { organization_slug: 'globex', email_address, password }
        ].map((body) => post('/api/sign-in', body))
      )
      for (const { status, body, headers } of answers) {
        expect([status, body.code]).toEqual([401, 'sign_in_refused'])
        expect(body).toEqual(answers[0]?.body)
        expect(headers['set-cookie']).toBeUndefined()
      }
    })

    test('answers 429 once a member is locked', async () => {
      const example = await openExample(createListener)
      try {
        const statuses: number[] = []
        for (let attempts = 0; attempts < 11; attempts += 1) {
          const { status } = await request(example.listener)
            .post('/api/sign-in')
            .send({ organization_slug: 'acme', ...grace, password: 'wrong' })
          statuses.push(status)
        }
        expect(statuses.slice(0, 9)).toEqual(Array(9).fill(401))
        expect(statuses.at(-1)).toBe(429)
      } finally {
        await example.close()
      }
    })

    test.each([
      ['without a password', { organization_slug: 'acme', email_address: ada.email_address }],
      ['with an object for a slug', { ...ada, organization_slug: { $ne: '' } }],
      ['that is a list', [ada]]
    ])('answers 400 to a sign-in %s', async (_, body) => {
      const { status } = await post('/api/sign-in', body)
      expect(status).toBe(400)
    })

    test('answers 400 to a body that is not JSON', async () => {
      const { status, body } = await request(example.listener)
        .post('/api/sign-in')
        .type('json')
        .send('{"organization_slug":')
      expect([status, body.status]).toEqual([400, 400])
    })

    test('tells a member who they are', async () => {
      const { browser } = await signIn(grace)
      const { status, body } = await browser.get('/api/me')
      expect(status).toBe(200)
      expect(body).toEqual({
        member_id: await memberIdOf(grace),
        organization_id: expect.stringMatching(/^organization-test-/),
        organization_slug: 'acme',
        roles: ['stytch_member']
      })
    })

    test('lists the members of one organization, and nobody else', async () => {
      const { browser } = await signIn(grace)
      const { status, body } = await browser.get('/api/members')
      const addresses = body.members.map((member: Person) => member.email_address).sort()
      expect(status).toBe(200)
      expect(addresses).toEqual([ada, alan, grace].map(({ email_address }) => email_address).sort())
    })

    test('lets the administrator edit, and says why', async () => {
      const { browser } = await signIn(ada)
      const path = `/api/members/${await memberIdOf(grace)}`
      const { status, body } = await browser.put(path).send({ name: 'Grace M. Hopper' })
      expect(status).toBe(200)
      expect(body.member.name).toBe('Grace M. Hopper')
      expect(body.because).toEqual(['stytch_admin'])
    })

    test('refuses an edit by an ordinary member, also of their own name', async () => {
      const { browser } = await signIn(grace)
      const path = `/api/members/${await memberIdOf(grace)}`
      const { status, body } = await browser.put(path).send({ name: 'Admiral' })
      expect([status, body.code]).toEqual([403, 'permission_denied'])
    })

    test('knows no members of other organizations, not even for an administrator', async () => {
      const { browser } = await signIn(ada)
      const path = `/api/members/${await memberIdOf(katherine, 'globex')}`
      const { status, body } = await browser.put(path).send({ name: 'Mine' })
      expect([status, body.code]).toEqual([404, 'member_not_found'])
    })

    test('answers 400 to an edit without a name', async () => {
      const { browser } = await signIn(ada)
      const { status } = await browser.put(`/api/members/${await memberIdOf(grace)}`).send({})
      expect(status).toBe(400)
    })

    test('shows reports to members of the organization in the address, and to no others', async () => {
      const { browser } = await signIn(grace)
      const own = await browser.get('/api/organizations/acme/reports')
      expect([own.status, own.body.organization_slug]).toEqual([200, 'acme'])
      const other = await browser.get('/api/organizations/globex/reports')
      expect([other.status, other.body.code]).toEqual([403, 'organization_mismatch'])
    })

    test('takes a session token as Bearer, and then looks at no cookie', async () => {
      const { email_address, password } = ada
      const { session_token } = await example.client.passwords.authenticate({
        organization_id: 'acme',
        email_address,
        password
      })
      const { browser } = await signIn(grace)
      const { status, body } = await browser
        .get('/api/me')
        .set('Authorization', `Bearer ${session_token}`)
      expect([status, body.member_id]).toEqual([200, await memberIdOf(ada)])
    })

    test('asks a member with an authenticator for a code, and then signs them in', async () => {
      const { browser, answer } = await signIn(alan)
      expect(answer.status).toBe(200)
      expect(answer.body.member_authenticated).toBe(false)
      expect(answer.body.mfa_required.member_options.totp_registration_id).not.toBe('')
      const intermediate = cookiesOf(answer).find(
        ({ name }) => name === 'stytch_intermediate_session'
      )
      expect(intermediate?.attributes).toEqual(expect.arrayContaining(['HttpOnly', 'Max-Age=600']))
      expect(answer.text).not.toContain(intermediate?.value)

      const early = await browser.get('/api/me')
      expect([early.status, early.body.code]).toEqual([401, 'mfa_required'])

      const wrong = await post('/api/mfa/totp', { code: '000000' }, browser)
      expect([wrong.status, wrong.body.code]).toEqual([401, 'code_refused'])

      const right = await post('/api/mfa/totp', { code: example.nextCode() }, browser)
      expect([right.status, right.body]).toEqual([200, { member_authenticated: true }])
      const cleared = cookiesOf(right).find(({ name }) => name === 'stytch_intermediate_session')
      expect(cleared?.value).toBe('')

      const { status, body } = await browser.get('/api/me')
      expect([status, body.member_id]).toEqual([200, await memberIdOf(alan)])
    })

    test('takes no code twice', async () => {
      const code = example.nextCode()
      const first = await signIn(alan)
      const second = await signIn(alan)
      expect((await post('/api/mfa/totp', { code }, first.browser)).status).toBe(200)
      const { status, body } = await post('/api/mfa/totp', { code }, second.browser)
      expect([status, body.code]).toEqual([401, 'code_refused'])
    })

    test('takes no code without a pending sign-in', async () => {
      const { status, body } = await post('/api/mfa/totp', { code: example.nextCode() })
      expect([status, body.code]).toEqual([401, 'sign_in_over'])
    })

    test('ends the session on sign-out, not only its cookies', async () => {
      const { browser, answer } = await signIn(grace)
      const cookies = cookiesOf(answer).map(({ name, value }) => `${name}=${value}`)
      const { status, headers } = await browser.post('/api/sign-out')
      expect(status).toBe(204)
      expect(cookiesOf({ headers }).every(({ value }) => value === '')).toBe(true)
      expect((await browser.get('/api/me')).status).toBe(401)
      const kept = await request(example.listener).get('/api/me').set('Cookie', cookies.join('; '))
      expect([kept.status, kept.body.code]).toEqual([401, 'session_invalid'])
    })

    test('signs out by POST only', async () => {
      const { status, headers } = await request(example.listener).get('/api/sign-out')
      expect([status, headers.allow]).toEqual([405, 'POST'])
    })

    test('refuses to sign in and to edit from the page of another site', async () => {
      const { email_address, password } = grace
      const stranger = await request(example.listener)
        .post('/api/sign-in')
        .set('Sec-Fetch-Site', 'cross-site')
        .send({ organization_slug: 'acme', email_address, password })
      expect([stranger.status, stranger.body.code]).toEqual([403, 'csrf_rejected'])
      expect(stranger.headers['set-cookie']).toBeUndefined()

      const { browser } = await signIn(ada)
      const edit = await browser
        .put(`/api/members/${await memberIdOf(grace)}`)
        .set('Origin', 'https://evil.example')
        .send({ name: 'Mallory' })
      expect([edit.status, edit.body.code]).toEqual([403, 'csrf_rejected'])
    })

    test('answers 404 as a problem to members who ask for what is not there', async () => {
      const { browser } = await signIn(grace)
      const { status, body } = await browser.get('/api/nowhere')
      expect([status, body.code]).toEqual([404, 'not_found'])
    })

    test('answers 503 with Retry-After while the authority cannot be reached', async () => {
      const listener = createListener({ ...example.options, url: 'http://127.0.0.1:1/' })
      const { email_address, password } = grace
      const { status, body, headers } = await request(listener)
        .post('/api/sign-in')
        .send({ organization_slug: 'acme', email_address, password })
      expect([status, body.code]).toEqual([503, 'authority_unavailable'])
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
    })
  })
}

function cookiesOf({ headers }: { headers: Record<string, unknown> }) {
  return [headers['set-cookie'] ?? []].flat().map((header) => {
    const [pair = '', ...attributes] = String(header).split('; ')
    const [name = '', value = ''] = pair.split('=')
    return { name, value, attributes }
  })
}
