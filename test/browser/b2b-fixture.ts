import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import * as expressAdapter from 'membergate/express'
import * as koaAdapter from 'membergate/koa'
import { openAuthority } from 'membergate/testing'
import { TOTP } from 'otpauth'
import type { BrowserContext } from 'playwright-core'
import { paths } from '../../examples/b2b/paths.ts'
import { acme, password, seedFor } from '../../examples/b2b/seed.ts'
import { createApp as createExpressApp } from '../../examples/express-b2b/app.ts'
import { createApp as createKoaApp } from '../../examples/koa-b2b/app.ts'

const frameworks = [
  {
    name: 'Express',
    listenerOf: (options: Options): RequestListener =>
      createExpressApp(
        expressAdapter.createMemberAuth({ ...options, onRefusal: 'next' }),
        options.origin
      )
  },
  {
    name: 'Koa',
    listenerOf: (options: Options): RequestListener =>
      createKoaApp(
        koaAdapter.createMemberAuth({ ...options, onRefusal: 'next' }),
        options.origin
      ).callback()
  }
]

/** The pages are the same on both: a suite takes one framework, and the other too with `MEMBERGATE_TEST_ALL=1`. */
export function frameworksFor(on: string) {
  return frameworks.filter(({ name }) => name === on || process.env.MEMBERGATE_TEST_ALL === '1')
}

type Options = expressAdapter.MemberAuthOptions & { readonly origin: string }

/** Members of their own, for tests that use one up. */
const extra = [
  { name: 'Annie Easley', email_address: 'annie@acme.example', password },
  { name: 'Barbara Liskov', email_address: 'barbara@acme.example', password },
  { name: 'Dorothy Vaughan', email_address: 'dorothy@acme.example', password },
  {
    name: 'Claude Shannon',
    email_address: 'claude@acme.example',
    password,
    mfa_enrolled: true,
    totp_secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXQ'
  }
]

/** The example on an authority of its own, and all that another party could overhear. */
export async function openB2b(listenerOf: (options: Options) => RequestListener) {
  let time = Date.now()
  const now = () => time
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const origin = `http://localhost:${(server.address() as AddressInfo).port}`

  const { organizations: seeded = [], ...seed } = seedFor(origin)
  const organizations = seeded.map((organization) =>
    organization.organization_slug === acme.organization_slug
      ? { ...organization, members: [...acme.members, ...extra] }
      : organization
  )
  const authority = await openAuthority({ projects: [{ ...seed, organizations }], now })
  const { url, project_id, secret } = authority
  server.on(
    'request',
    listenerOf({ url, project_id, secret, origin, now, timeoutMs: 10_000, ...paths })
  )
  const overheard = listenIn()

  return {
    origin,
    overheard,
    outbox: authority.outbox,
    /** The newest link or code for a member. */
    sentTo: (to: string) => authority.outbox().find((entry) => entry.to === to),
    advance(seconds: number) {
      time += seconds * 1000
    },
    /** A code that was not used before: each one moves the clock. */
    nextCode(totp_secret: string) {
      time += 30_000
      return new TOTP({ secret: totp_secret }).generate({ timestamp: time })
    },
    async close() {
      overheard.stop()
      server.close()
      server.closeAllConnections()
      await authority.close()
    }
  }
}

export type B2b = Awaited<ReturnType<typeof openB2b>>

const channels = ['membergate.refusal', 'membergate.revocation', 'membergate.authority.error']
const logs = ['log', 'info', 'warn', 'error', 'debug'] as const

/** Collects what must hold no secret, and the secrets that must not be there. */
function listenIn() {
  const secrets = new Set<string>()
  const urls: string[] = []
  const locations: string[] = []
  /** What is logged, by the server and in the browser. */
  const logged: string[] = []
  /** What is published for the people who run the app. */
  const events: string[] = []

  const reading: Promise<void>[] = []
  const keepCookies = (cookies: readonly string[]) => {
    for (const cookie of cookies) {
      const [, value = ''] = /^[^=]+=([^;]+)/.exec(cookie) ?? []
      if (value !== '') secrets.add(value)
    }
  }

  const hear = (message: unknown) => {
    events.push(JSON.stringify(message))
  }
  for (const channel of channels) subscribe(channel, hear)
  const originals = logs.map((name) => console[name])
  for (const [index, name] of logs.entries()) {
    console[name] = (...values: unknown[]) => {
      logged.push(values.map(String).join(' '))
      originals[index]?.(...values)
    }
  }

  return {
    secrets,
    urls,
    locations,
    logged,
    events,
    watch(context: BrowserContext) {
      context.on('request', (request) => {
        urls.push(`${request.method()} ${request.url()}`, request.headers().referer ?? '')
      })
      context.on('response', (response) => {
        const { location } = response.headers()
        if (location !== undefined) locations.push(location)
        reading.push(response.headerValues('set-cookie').then(keepCookies, () => {}))
      })
      context.on('console', (message) => logged.push(message.text()))
    },
    /** When every answer so far was read. */
    settled: () => Promise.all(reading),
    stop() {
      for (const channel of channels) unsubscribe(channel, hear)
      for (const [index, name] of logs.entries()) {
        const original = originals[index]
        if (original !== undefined) console[name] = original
      }
    }
  }
}
