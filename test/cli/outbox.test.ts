import { createServer, get, type IncomingMessage, request, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { networkInterfaces } from 'node:os'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createOutbox, type EmailMessage, type Outbox, showOutbox } from 'membergate/authority'
import { chooseDelivery } from '../../src/cli/choose-delivery.ts'
import { readServeOptions } from '../../src/cli/serve-options.ts'
import { describeInChromium } from '../support/browser.ts'
import { describeWhere } from '../support/describe-where.ts'
import { close, listen } from '../support/listen.ts'

const of = { locale: 'en', project_id: 'p', organization_id: 'o', member_id: 'm' } as const
const sms = { ...of, to: '+12025550123', text: 'Your code is 271828.', code: '271828' }
const link = 'https://app.example/authenticate?a=1&token=abc'

function emailWith(fields: Partial<EmailMessage>): EmailMessage {
  const texts = { subject: 'Sign in', text: '', html: '' }
  return { ...of, ...texts, to: 'ada@acme.example', kind: 'login', ...fields }
}

let outbox: Required<Outbox>
let server: Server
let url: string
let path: string

beforeEach(async () => {
  outbox = createOutbox({ now: () => Date.parse('2026-01-02T03:04:05Z') })
  const shown = showOutbox(outbox.entries, (_req, res) => {
    res.writeHead(404).end('the app')
  })
  server = createServer(shown.app)
  url = await listen(server)
  path = shown.path
})

afterEach(() => close(server))

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

interface Call {
  /** Headers of HTTP; `fetch` does not let its caller choose a Host. */
  readonly headers?: Readonly<Record<string, string>>
  readonly method?: string
}

function call(path: string, { headers = {}, method = 'GET' }: Call = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    get(new URL(path, url), { headers, method }, async (answer) => {
      const { statusCode: status, headers } = answer
      resolve({ status, headers, body: await text(answer) })
    }).on('error', reject)
  })
}

const ofTheApp = { status: 404, body: 'the app' }

describe('the outbox of serve', () => {
  test('gives what would have been sent as JSON, the newest first', async () => {
    await outbox.deliver.sms?.(sms)
    await outbox.deliver.email?.(emailWith({ link, token: 'abc' }))
    const { status, headers, body } = await call(`${path}outbox`)
    expect(status).toBe(200)
    expect(headers['content-type']).toBe('application/json')
    expect(headers['cache-control']).toBe('no-store')
    const sent_at = '2026-01-02T03:04:05Z'
    expect(JSON.parse(body)).toEqual([
      { channel: 'email', to: 'ada@acme.example', link, token: 'abc', sent_at },
      { channel: 'sms', to: '+12025550123', code: '271828', sent_at }
    ])
  })

  test('shows itself as a page that may run and load nothing', async () => {
    await outbox.deliver.email?.(emailWith({ to: '"<b>&"@acme.example', link }))
    for (const asked of [path, `${path}?x=1`]) {
      const { status, headers, body } = await call(asked)
      expect(status).toBe(200)
      expect(headers['content-type']).toBe('text/html; charset=utf-8')
      expect(headers['content-security-policy']).toMatch(
        /^default-src 'none'; style-src 'sha256-[^']+'; /
      )
      expect(headers['x-content-type-options']).toBe('nosniff')
      expect(body).toContain('&quot;&lt;b&gt;&amp;&quot;@acme.example')
      expect(body).not.toContain('<b>')
    }
  })

  test.each([
    'https://x/"><script>alert(1)</script>',
    'javascript:alert(1)',
    'data:text/html,x',
    ' javascript:alert(1)'
  ])('links no %j', async (wrong) => {
    await outbox.deliver.email?.(emailWith({ link: wrong }))
    const { body } = await call(path)
    expect(body).not.toMatch(/<script|href=" ?(javascript|data:text)/)
  })

  test.each(['127.0.0.1', '127.0.0.1:4100', 'localhost:4100', 'LOCALHOST', '[::1]:4100'])(
    'is there for the Host %s',
    async (host) => {
      expect((await call(`${path}outbox`, { headers: { host } })).status).toBe(200)
      expect((await call(path, { headers: { host } })).status).toBe(200)
    }
  )

  test.each([
    'evil.example',
    'evil.example:4100',
    'localhost.evil.example',
    '127.0.0.1.evil.example',
    'evil-localhost',
    'localhost@evil.example',
    '0.0.0.0:4100',
    '192.168.0.1'
  ])('is not there for the Host %j', async (host) => {
    for (const asked of [path, `${path}outbox`]) {
      expect(await call(asked, { headers: { host } })).toMatchObject(ofTheApp)
    }
  })

  test('is at a path that no other start has', () => {
    const paths = Array.from({ length: 100 }, () => showOutbox(outbox.entries, () => {}).path)
    expect(new Set(paths).size).toBe(100)
    for (const each of paths) expect(each).toMatch(/^\/_dev\/[\w-]{22}\/$/)
  })

  test.each(['/_dev', '/_dev/', '/_dev/outbox', '/_dev//outbox', '/_dev/AAAAAAAAAAAAAAAAAAAAAA/'])(
    'is not at %s, which anyone can guess',
    async (guess) => {
      expect(await call(guess)).toMatchObject(ofTheApp)
    }
  )

  test.each([
    'Forwarded',
    'Via',
    'X-Real-IP',
    'X-Forwarded-For',
    'X-Forwarded-Host',
    'x-forwarded-anything'
  ])('is not there for a request with %s', async (header) => {
    for (const asked of [path, `${path}outbox`]) {
      const headers = { [header]: '127.0.0.1' }
      expect(await call(asked, { headers })).toMatchObject(ofTheApp)
    }
  })

  test('is not found through a proxy that says nothing, and names this machine as the Host', async () => {
    await outbox.deliver.sms?.(sms)
    const proxy = createServer((req, res) => {
      const target = new URL(req.url ?? '', url)
      request(target, { headers: { host: target.host } }, (answer) => {
        res.writeHead(answer.statusCode ?? 500)
        answer.pipe(res)
      }).end()
    })
    const origin = await listen(proxy)
    for (const guess of ['_dev/', '_dev/outbox']) {
      const answer = await fetch(new URL(guess, origin), { headers: { host: 'app.example' } })
      expect([answer.status, await answer.text()]).toEqual([404, 'the app'])
    }
    await close(proxy)
  })

  test.each([
    ['POST', 'outbox'],
    ['DELETE', 'outbox'],
    ['GET', 'outbox/'],
    ['GET', 'other'],
    ['GET', 'OUTBOX'],
    ['GET', '/v1/b2b/rbac/policy']
  ])('leaves %s %s to the app', async (method, below) => {
    const asked = new URL(below, new URL(path, url)).href
    expect(await call(asked, { method })).toMatchObject(ofTheApp)
  })

  test('is shown by nothing in production', () => {
    const { NODE_ENV } = process.env
    process.env.NODE_ENV = 'production'
    try {
      expect(() => showOutbox(outbox.entries, () => {})).toThrow(
        expect.objectContaining({
          code: 'config_invalid',
          message: expect.stringContaining('NODE_ENV=production')
        })
      )
    } finally {
      process.env.NODE_ENV = NODE_ENV
    }
  })
})

const [address] = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .filter(({ internal, family }) => !internal && family === 'IPv4')
const network = {
  name: 'the outbox of a server that listens on every address',
  missing: address === undefined ? 'an address beside loopback was not found' : undefined,
  requiredAs: 'network'
}

describeWhere(network, () => {
  test('is not there for a connection of another machine, whatever its Host', async () => {
    await close(server)
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve))
    const { port } = server.address() as AddressInfo
    const headers = { host: '127.0.0.1' }
    url = `http://${address?.address}:${port}/`
    expect(await call(path, { headers })).toMatchObject(ofTheApp)
    url = `http://127.0.0.1:${port}/`
    expect((await call(path, { headers })).status).toBe(200)
  })
})

describeInChromium('the page of the outbox', (browser) => {
  test.each([
    ['light', 1024],
    ['dark', 1024],
    ['light', 360]
  ] as const)(
    'reads well, %s and %s wide',
    async (colorScheme, width) => {
      await outbox.deliver.sms?.(sms)
      const long = `${link}${'x'.repeat(400)}`
      await outbox.deliver.email?.(emailWith({ link: long }))
      const context = await browser().newContext({ colorScheme, viewport: { width, height: 740 } })
      const page = await context.newPage()
      const complaints: string[] = []
      page.on('console', (message) => complaints.push(message.text()))
      page.on('pageerror', (error) => complaints.push(error.message))
      await page.goto(new URL(path, url).href)
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Outbox')
      expect(await page.getByRole('row').count()).toBe(3)
      expect(await page.getByText('271828').isVisible()).toBe(true)
      expect(await page.getByRole('link', { name: long }).getAttribute('href')).toBe(long)
      const overflow = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
      expect(await page.evaluate(overflow)).toBe(false)
      const family = await page.evaluate('getComputedStyle(document.body).fontFamily')
      expect(family).toContain('system-ui')
      expect(complaints).toEqual([])
      await page.getByRole('link', { name: 'JSON' }).click()
      expect(page.url()).toBe(new URL(`${path}outbox`, url).href)
      await context.close()
    },
    30_000
  )
})

describe('how serve sends', () => {
  const secret = `whsec_${Buffer.alloc(32, 7).toString('base64')}`
  const choose = (args: readonly string[], env: Record<string, string> = {}) => {
    const options = readServeOptions(['--database', ':memory:', ...args], env)
    if (typeof options === 'string') throw new Error('Expected options.')
    return chooseDelivery(options)
  }

  test.each([
    [[], {}, []],
    [['--sms-webhook', 'https://hooks.example'], { MEMBERGATE_WEBHOOK_SECRET: secret }, ['sms']],
    [
      ['--email-webhook', 'https://hooks.example'],
      { MEMBERGATE_WEBHOOK_SECRET: secret },
      ['email', 'notice']
    ],
    [
      ['--email-from', 'no-reply@acme.example'],
      { MEMBERGATE_SMTP_URL: 'smtps://mail.example' },
      ['email', 'notice']
    ],
    [
      ['--sms-webhook', 'https://hooks.example', '--email-from', 'no-reply@acme.example'],
      { MEMBERGATE_WEBHOOK_SECRET: secret, MEMBERGATE_SMTP_URL: 'smtps://mail.example' },
      ['sms', 'email', 'notice']
    ],
    [['--outbox'], { MEMBERGATE_SMTP_URL: 'smtps://mail.example' }, ['sms', 'email', 'notice']]
  ])('%j with %j sends %j', async (args, env, channels) => {
    const { deliver, entries } = await choose(args, env as Record<string, string>)
    expect(Object.keys(deliver)).toEqual(channels)
    const flags: readonly string[] = args
    expect(entries !== undefined).toBe(flags.includes('--outbox'))
  })

  test.each([
    [['--sms-webhook', 'https://hooks.example'], {}, 'MEMBERGATE_WEBHOOK_SECRET'],
    [['--email-webhook', 'https://hooks.example'], {}, 'MEMBERGATE_WEBHOOK_SECRET'],
    [
      ['--sms-webhook', 'http://hooks.example'],
      { MEMBERGATE_WEBHOOK_SECRET: secret },
      '--sms-webhook'
    ],
    [
      ['--email-webhook', 'http://hooks.example'],
      { MEMBERGATE_WEBHOOK_SECRET: secret },
      '--email-webhook'
    ],
    [
      ['--sms-webhook', 'https://hooks.example'],
      { MEMBERGATE_WEBHOOK_SECRET: 'hunter2' },
      'MEMBERGATE_WEBHOOK_SECRET'
    ],
    [['--email-from', 'no-reply@acme.example'], {}, 'MEMBERGATE_SMTP_URL'],
    [[], { MEMBERGATE_SMTP_URL: 'smtps://mail.example' }, '--email-from'],
    [
      ['--email-from', 'no-reply@acme.example'],
      { MEMBERGATE_SMTP_URL: 'https://ada:hunter2@mail.example' },
      'MEMBERGATE_SMTP_URL'
    ],
    [['--email-from', 'Acme'], { MEMBERGATE_SMTP_URL: 'smtps://mail.example' }, '--email-from'],
    [
      ['--email-webhook', 'https://hooks.example', '--email-from', 'no-reply@acme.example'],
      { MEMBERGATE_WEBHOOK_SECRET: secret },
      '--email-webhook'
    ],
    [
      ['--email-webhook', 'https://hooks.example'],
      { MEMBERGATE_WEBHOOK_SECRET: secret, MEMBERGATE_SMTP_URL: 'smtps://mail.example' },
      '--email-webhook'
    ],
    [['--outbox', '--sms-webhook', 'https://hooks.example'], {}, '--outbox']
  ])('%j with %j is rejected, naming %s', async (args, env, naming) => {
    const error = await choose(args, env as Record<string, string>).catch(
      (caught: unknown) => caught
    )
    expect(error).toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(naming)
    })
    expect(String(error)).not.toContain('hunter2')
  })
})
