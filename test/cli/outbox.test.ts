import { createServer, get, type IncomingMessage, type Server } from 'node:http'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { createOutbox, type EmailMessage, type Outbox, showOutbox } from 'membergate/authority'
import { chooseDelivery } from '../../src/cli/choose-delivery.ts'
import { readServeOptions } from '../../src/cli/serve-options.ts'
import { describeInChromium } from '../support/browser.ts'
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

beforeEach(async () => {
  outbox = createOutbox({ now: () => Date.parse('2026-01-02T03:04:05Z') })
  server = createServer(
    showOutbox(outbox.entries, (_req, res) => {
      res.writeHead(404).end('the app')
    })
  )
  url = await listen(server)
})

afterEach(() => close(server))

interface Answer {
  readonly status: number | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

/** `fetch` does not let its caller choose a Host. */
function call(path: string, host?: string, method = 'GET'): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = host === undefined ? {} : { host }
    get(new URL(path, url), { headers, method }, async (answer) => {
      const { statusCode: status, headers } = answer
      resolve({ status, headers, body: await text(answer) })
    }).on('error', reject)
  })
}

describe('the outbox of serve', () => {
  test('gives what would have been sent as JSON, the newest first', async () => {
    await outbox.deliver.sms?.(sms)
    await outbox.deliver.email?.(emailWith({ link, token: 'abc' }))
    const { status, headers, body } = await call('/_dev/outbox')
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
    for (const path of ['/_dev', '/_dev/', '/_dev/?x=1']) {
      const { status, headers, body } = await call(path)
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
    const { body } = await call('/_dev/')
    expect(body).not.toMatch(/<script|href=" ?(javascript|data:text)/)
  })

  test.each(['127.0.0.1', '127.0.0.1:4100', 'localhost:4100', 'LOCALHOST', '[::1]:4100'])(
    'is there for the Host %s',
    async (host) => {
      expect((await call('/_dev/outbox', host)).status).toBe(200)
      expect((await call('/_dev/', host)).status).toBe(200)
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
    for (const path of ['/_dev', '/_dev/', '/_dev/outbox']) {
      expect(await call(path, host)).toMatchObject({ status: 404, body: 'the app' })
    }
  })

  test.each([
    ['POST', '/_dev/outbox'],
    ['DELETE', '/_dev/outbox'],
    ['GET', '/_dev/outbox/'],
    ['GET', '/_dev/other'],
    ['GET', '/_DEV/outbox'],
    ['GET', '/v1/b2b/rbac/policy']
  ])('leaves %s %s to the app', async (method, path) => {
    expect(await call(new URL(path, url).href, undefined, method)).toMatchObject({
      status: 404,
      body: 'the app'
    })
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
      await page.goto(new URL('/_dev/', url).href)
      expect(await page.getByRole('heading', { level: 1 }).textContent()).toBe('Outbox')
      expect(await page.getByRole('row').count()).toBe(3)
      expect(await page.getByText('271828').isVisible()).toBe(true)
      expect(await page.getByRole('link', { name: long }).getAttribute('href')).toBe(long)
      const overflow = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
      expect(await page.evaluate(overflow)).toBe(false)
      const family = await page.evaluate('getComputedStyle(document.body).fontFamily')
      expect(family).toContain('system-ui')
      expect(complaints).toEqual([])
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
