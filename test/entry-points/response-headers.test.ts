import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import { connect, createServer as createHttp2Server } from 'node:http2'
import { Readable } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import { addHeaders, type LateCookies, type Outgoing } from 'membergate'
import { close, listen } from '../support/listen.ts'

/** However an app begins a response of Node, our cookies are settled then, beside its own headers. */

interface Received {
  readonly status: number
  readonly reason: string
  readonly cookies: readonly string[]
  readonly headers: Record<string, string | string[] | undefined>
  readonly body: string
}

type Run = (listener: RequestListener) => Promise<Received>

const protocols: Record<string, Run> = {
  'HTTP/1.1': async (listener) => {
    const server = createServer(listener)
    const answer = await fetch(await listen(server))
    const body = await answer.text()
    await close(server)
    const { status, statusText, headers } = answer
    return {
      status,
      reason: statusText,
      cookies: headers.getSetCookie(),
      headers: Object.fromEntries(headers),
      body
    }
  },
  'HTTP/2': async (listener) => {
    const server = createHttp2Server(listener as unknown as Parameters<typeof createHttp2Server>[0])
    const session = connect(await listen(server as unknown as Parameters<typeof listen>[0]))
    const stream = session.request({ ':path': '/' })
    stream.setEncoding('utf8')
    const [headers] = (await once(stream, 'response')) as [Received['headers']]
    const body = (await stream.toArray()).join('')
    session.close()
    await new Promise<void>((resolve) => server.close(() => resolve()))
    const cookies = [headers['set-cookie'] ?? []].flat()
    return { status: Number(headers[':status']), reason: '', cookies, headers, body }
  }
}

const privately = [
  ['Cache-Control', 'private, no-store'],
  ['Vary', 'Cookie']
] as const

function decided(cookies: readonly string[], mustArrive = false): Outgoing {
  const settle = () => cookies.map((cookie) => ['Set-Cookie', cookie] as const)
  const late: LateCookies = { mustArrive, settle }
  return { headers: privately, lateCookies: [late] }
}

type Response = Parameters<RequestListener>[1]

const ways: Record<string, (res: Response) => unknown> = {
  'end alone': (res) => res.end('whole'),
  'write and end': (res) => {
    res.write('wh')
    res.end('ole')
  },
  'flushHeaders, then a stream': (res) => {
    res.flushHeaders()
    Readable.from(['wh', 'ole']).pipe(res)
  },
  'a stream': (res) => Readable.from(['wh', 'ole']).pipe(res),
  'writeHead with a status': (res) => res.writeHead(200).end('whole'),
  'writeHead with no headers': (res) => res.writeHead(200, undefined).end('whole'),
  'writeHead with a reason': (res) => res.writeHead(200, 'Fine').end('whole'),
  'writeHead with an object': (res) =>
    res.writeHead(200, { 'Set-Cookie': ['app=1', 'other=2'], 'X-App': 'yes' }).end('whole'),
  'writeHead with a reason and an object': (res) =>
    res.writeHead(200, 'Fine', { 'set-cookie': ['app=1', 'other=2'], 'X-App': 'yes' }).end('whole'),
  'writeHead with names and values': (res) =>
    res
      .writeHead(200, ['Set-Cookie', 'app=1', 'Set-Cookie', 'other=2', 'X-App', 'yes'])
      .end('whole')
}

describe.each(Object.entries(protocols))('a response of %s', (protocol, run) => {
  test.each(Object.entries(ways))('that begins by %s has our cookies', async (way, begin) => {
    let settled = 0
    const { status, reason, cookies, headers, body } = await run((_req, res) => {
      const { headers, lateCookies = [] } = decided(['ours=1'])
      const [late] = lateCookies
      const settle = () => {
        settled += 1
        return late?.settle() ?? []
      }
      addHeaders(res, { headers, lateCookies: [{ mustArrive: false, settle }] })
      expect(settled).toBe(0)
      begin(res)
    })
    const ofApp = /object|values/.test(way)
    expect([status, body, settled]).toEqual([200, 'whole', 1])
    expect(cookies).toEqual([...(ofApp ? ['app=1', 'other=2'] : []), 'ours=1'])
    expect(headers['x-app']).toBe(ofApp ? 'yes' : undefined)
    expect(headers['cache-control']).toBe('private, no-store')
    if (protocol === 'HTTP/1.1') expect(reason).toBe(way.includes('reason') ? 'Fine' : 'OK')
  })

  test('has each cookie once, and what was decided last', async () => {
    const { cookies } = await run((_req, res) => {
      addHeaders(res, decided(['a=refreshed', 'b=refreshed']))
      addHeaders(res, decided(['a=signed-in'], true))
      res.end()
    })
    expect([...cookies].sort()).toEqual(['a=signed-in', 'b=refreshed'])
  })

  test('keeps a cookie that the app sets by itself, unless a sign-in says more', async () => {
    const of = (mustArrive: boolean) =>
      run((_req, res) => {
        addHeaders(res, decided(['a=ours'], mustArrive))
        res.setHeader('Set-Cookie', ['a=app', 'b=app'])
        res.end()
      })
    expect((await of(false)).cookies).toEqual(['a=app', 'b=app'])
    expect((await of(true)).cookies).toEqual(['b=app', 'a=ours'])
  })

  test.each([
    ['public, max-age=60', true],
    ['s-maxage=60', true],
    ['Public', true],
    ['max-age=60', true],
    ['private, max-age=60', false],
    ['no-cache', false],
    ['no-store', false]
  ])('with Cache-Control %s of the app: for all is %s', async (cacheControl, isShared) => {
    const of = (mustArrive: boolean) =>
      run((_req, res) => {
        addHeaders(res, decided(['ours=1'], mustArrive))
        res.writeHead(200, { 'Cache-Control': cacheControl }).end()
      })
    const upkeep = await of(false)
    expect(upkeep.cookies).toEqual(isShared ? [] : ['ours=1'])
    expect(upkeep.headers['cache-control']).toBe(cacheControl)
    const signIn = await of(true)
    expect(signIn.cookies).toEqual(['ours=1'])
    expect(signIn.headers['cache-control']).toBe(isShared ? 'private, no-store' : cacheControl)
  })

  test('that begins by a mistake of the app can begin again', async () => {
    const { status, cookies } = await run((_req, res) => {
      addHeaders(res, decided(['ours=1']))
      expect(() => res.writeHead(99_999)).toThrow('Invalid status code')
      res.writeHead(500).end()
    })
    expect([status, cookies]).toEqual([500, ['ours=1']])
  })
})

describe('a web Response', () => {
  const setBy = (response: globalThis.Response) => response.headers.getSetCookie()

  test('has each cookie once, and keeps what it says of caches and varies by', () => {
    const response = new Response('', { headers: { 'Cache-Control': 'no-cache', Vary: 'Accept' } })
    addHeaders(response, decided(['a=refreshed', 'b=refreshed']))
    addHeaders(response, decided(['a=signed-in'], true))
    expect(setBy(response).sort()).toEqual(['a=signed-in', 'b=refreshed'])
    expect(response.headers.get('cache-control')).toBe('no-cache')
    expect(response.headers.get('vary')).toBe('Accept, Cookie')
  })

  test('that all may keep has a sign-in alone, and is private then', () => {
    const open = () => new Response('', { headers: { 'Cache-Control': 'public' } })
    const upkeep = open()
    addHeaders(upkeep, decided(['ours=1']))
    expect([setBy(upkeep), upkeep.headers.get('cache-control')]).toEqual([[], 'public'])
    const signIn = open()
    addHeaders(signIn, decided(['ours=1'], true))
    expect(setBy(signIn)).toEqual(['ours=1'])
    expect(signIn.headers.get('cache-control')).toBe('private, no-store')
  })
})
