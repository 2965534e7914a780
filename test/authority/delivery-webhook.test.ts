import { createHmac, randomBytes } from 'node:crypto'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { type EmailMessage, type SmsMessage, webhookSender } from 'membergate/authority'
import { sendEmail, sendSms } from '../../src/authority/delivery/deliver.ts'
import { close, listen } from '../support/listen.ts'

const key = randomBytes(32)
const secret = `whsec_${key.toString('base64')}`

const sms: SmsMessage = {
  to: '+12025550123',
  text: 'Tu código es 271828.',
  code: '271828',
  locale: 'es',
  project_id: 'project-test-1',
  organization_id: 'organization-test-1',
  member_id: 'member-test-1'
}

const email: EmailMessage = {
  to: 'ada@acme.example',
  subject: 'Sign in',
  text: 'x',
  html: '<p>x',
  kind: 'login',
  locale: 'en',
  link: 'https://app.example/?token=t',
  token: 't',
  project_id: 'project-test-1'
}

interface Received {
  readonly method: string | undefined
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

let received: Received[]
let respond: (res: ServerResponse) => void
let url: string

const server = () =>
  createServer(async (req, res) => {
    received.push({ method: req.method, headers: req.headers, body: await text(req) })
    respond(res)
  })

let endpoint: ReturnType<typeof server>

beforeEach(async () => {
  received = []
  respond = (res) => {
    res.end('ok')
  }
  endpoint = server()
  url = await listen(endpoint)
})

afterEach(() => close(endpoint))

describe('webhookSender', () => {
  test.each([
    ['sms', sms],
    ['email', email]
  ] as const)('posts an %s as JSON', async (type, data) => {
    const deliver = webhookSender({ url, secret })
    await (data === sms ? sendSms(deliver, sms) : sendEmail(deliver, email))
    expect(received).toHaveLength(1)
    expect(received[0]?.method).toBe('POST')
    expect(received[0]?.headers['content-type']).toBe('application/json')
    const body = JSON.parse(received[0]?.body ?? '')
    expect(body).toEqual({ type, timestamp: expect.any(String), data })
    expect(Math.abs(Date.parse(body.timestamp) - Date.now())).toBeLessThan(60_000)
  })

  test('signs as Standard Webhooks says', async () => {
    const deliver = webhookSender({ url, secret })
    await sendSms(deliver, sms)
    await sendSms(deliver, sms)
    for (const { headers, body } of received) {
      const id = String(headers['webhook-id'])
      const timestamp = String(headers['webhook-timestamp'])
      const content = Buffer.concat([Buffer.from(`${id}.${timestamp}.`), Buffer.from(body, 'utf8')])
      const expected = createHmac('sha256', key).update(content).digest('base64')
      expect(headers['webhook-signature']).toBe(`v1,${expected}`)
      expect(id).not.toContain('.')
      expect(timestamp).toMatch(/^[0-9]{10}$/)
      expect(Math.abs(Number(timestamp) * 1000 - Date.now())).toBeLessThan(60_000)
    }
    const [first, second] = received.map(({ headers }) => headers['webhook-id'])
    expect(first).not.toBe(second)
  })

  test.each([400, 401, 404, 429, 500, 503])('fails when the endpoint says %s', async (status) => {
    respond = (res) => {
      res.writeHead(status).end(sms.code)
    }
    await expect(sendSms(webhookSender({ url, secret }), sms)).rejects.toMatchObject({
      name: 'DeliveryUnavailable',
      code: `HTTP_${status}`
    })
  })

  test.each([301, 302, 307, 308])('follows no %s', async (status) => {
    respond = (res) => {
      res.writeHead(status, { Location: new URL('/elsewhere', url).href }).end()
    }
    await expect(sendSms(webhookSender({ url, secret }), sms)).rejects.toMatchObject({
      code: `HTTP_${status}`
    })
    expect(received).toHaveLength(1)
  })

  test('fails in time when the endpoint is silent', async () => {
    respond = () => {}
    const deliver = webhookSender({ url, secret, timeoutMs: 50 })
    await expect(sendSms(deliver, sms)).rejects.toMatchObject({ code: 'TIMEOUT' })
  })

  test('fails when nobody listens', async () => {
    await close(endpoint)
    await expect(sendSms(webhookSender({ url, secret }), sms)).rejects.toMatchObject({
      code: 'ECONNREFUSED'
    })
  })

  test('reads no answer, however long', async () => {
    let isOpen = true
    respond = (res) => {
      const flood = () => {
        while (isOpen && res.write('x'.repeat(65_536)));
      }
      res.on('drain', flood).on('close', () => {
        isOpen = false
      })
      res.writeHead(200)
      flood()
    }
    await sendSms(webhookSender({ url, secret, timeoutMs: 2000 }), sms)
    await new Promise<void>((resolve) => {
      const look = () => (isOpen ? setTimeout(look, 5) : resolve())
      look()
    })
    expect(isOpen).toBe(false)
  })

  test('uses the fetch it is given', async () => {
    const urls: unknown[] = []
    const fetch: typeof globalThis.fetch = async (input) => {
      urls.push(input)
      return new Response(null, { status: 204 })
    }
    await sendSms(webhookSender({ url: 'https://hooks.example/sms', secret, fetch }), sms)
    expect(urls).toEqual(['https://hooks.example/sms'])
  })
})

describe('webhookSender refuses', () => {
  test.each([
    [{ uri: 'https://hooks.example' }, /"url"/],
    [{ url: undefined }, /url/],
    [{ url: 'hooks.example' }, /url/],
    [{ url: 'http://hooks.example/' }, /https/],
    [{ url: 'http://127.0.0.1.evil.example/' }, /https/],
    [{ url: 'ftp://127.0.0.1/' }, /https/],
    [{ url: 'https://ada:hunter2@hooks.example/' }, /credentials/],
    [{ secret: undefined }, /whsec_/],
    [{ secret: 'whsec_dG9vIHNob3J0' }, /24 to 64/],
    [{ secret: `whsec_${randomBytes(65).toString('base64')}` }, /24 to 64/],
    [{ secret: 'not base64, but long enough to be thirty-two bytes of it' }, /whsec_/],
    [{ timeoutMs: 5001 }, /timeoutMs/],
    [{ timeoutMs: 0 }, /timeoutMs/],
    [{ fetch: 'fetch' }, /fetch/]
  ])('%j', (options, naming) => {
    const create = () =>
      webhookSender({ url: 'https://hooks.example', secret, ...(options as object) })
    expect(create).toThrow(expect.objectContaining({ code: 'config_invalid' }))
    expect(create).toThrow(naming)
    expect(create).not.toThrow(/hunter2/)
  })

  test.each([24, 64])('no secret of %s bytes, with or without its prefix', (bytes) => {
    const base64 = randomBytes(bytes).toString('base64')
    for (const given of [base64, `whsec_${base64}`]) {
      expect(() => webhookSender({ url: 'https://hooks.example', secret: given })).not.toThrow()
    }
  })
})
