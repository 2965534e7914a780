import { type RequestListener, Server } from 'node:http'
import { connect, type Socket } from 'node:net'
import { jest } from '@jest/globals'
import express, { type Router } from 'express'
import Koa from 'koa'
import { close, listen, serve } from '../../support/listen.ts'

/** One request, as it can be sent to any framework. */
export interface Call {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body?: string
}

/** Something of a program that answers requests. */
export interface Answerer {
  /** All that is sent back: the status, the headers and the body. */
  answer(call: Call): Promise<string>
  close(): Promise<void>
}

/**
 * Runs a program, and gives what in it answers requests: apps of Express and Koa, routers that it exports, servers of Node,
 * and exported functions of web requests.
 */
export async function observe(file: string): Promise<Answerer[]> {
  const spies = {
    apps: jest.spyOn(express.application, 'init'),
    koa: jest.spyOn(Koa.prototype, 'use'),
    servers: jest.spyOn(Server.prototype, 'on')
  }
  try {
    const exported: Record<string, unknown> = await import(file)
    const listeners = [
      ...new Set(spies.apps.mock.contexts as RequestListener[]),
      ...[...new Set(spies.koa.mock.contexts as Koa[])].map((app) => app.callback()),
      ...Object.values(exported)
        .filter(isRouter)
        .map((router) => express().use(router) as RequestListener)
    ]
    // What listens already is the authority that a program opened.
    const servers = [...new Set(spies.servers.mock.contexts as Server[])].filter(
      ({ listening }) => !listening
    )
    return [
      ...(await Promise.all(listeners.map(answererOfListener))),
      ...(await Promise.all(servers.map(answererOfServer))),
      ...answerersOfWebRequests(exported)
    ]
  } finally {
    for (const spy of Object.values(spies)) spy.mockRestore()
  }
}

function isRouter(value: unknown): value is Router {
  return typeof value === 'function' && Array.isArray(Object(value).stack)
}

export async function answererOfListener(listener: RequestListener): Promise<Answerer> {
  const { url, close } = await serve(listener)
  return { answer: (call) => callOver(url, call), close }
}

async function answererOfServer(server: Server): Promise<Answerer> {
  const url = (await listen(server)).slice(0, -1)
  const answersUpgrades = server.listenerCount('upgrade') > 0
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => sockets.add(socket))
  return {
    answer: (call) => (answersUpgrades ? upgradeOver(url, call) : callOver(url, call)),
    close() {
      for (const socket of sockets) socket.destroy()
      return close(server)
    }
  }
}

function answerersOfWebRequests(exported: Record<string, unknown>): Answerer[] {
  return ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'fetch'].flatMap((name) => {
    const handle = exported[name] ?? Object(exported.default)[name]
    if (typeof handle !== 'function') return []
    return {
      async answer({ path, ...call }: Call) {
        if (name !== 'fetch' && name !== call.method) return ''
        return textOf(await handle(new Request(`http://localhost:3000${path}`, call)))
      },
      close: async () => {}
    }
  })
}

async function callOver(url: string, { path, ...call }: Call): Promise<string> {
  return textOf(await fetch(`${url}${path}`, { ...call, redirect: 'manual' }))
}

async function textOf(answer: Response): Promise<string> {
  const headers = [...answer.headers].map(([name, value]) => `${name}: ${value}`)
  return [answer.status, ...headers, '', await answer.text()].join('\n')
}

/** A handshake, and what comes within 200 milliseconds: one that was accepted may stay silent. */
function upgradeOver(url: string, { path, headers }: Call): Promise<string> {
  const { hostname, port, host } = new URL(url)
  const sent = { Host: host, Connection: 'Upgrade', Upgrade: 'websocket', ...headers }
  const lines = Object.entries(sent).map(([name, value]) => `${name}: ${value}\r\n`)
  return new Promise((resolve, reject) => {
    let text = ''
    const socket = connect(Number(port), hostname, () => {
      socket.write(`GET ${path} HTTP/1.1\r\n${lines.join('')}\r\n`)
    })
    socket.setEncoding('utf8').setTimeout(200, () => socket.destroy())
    socket.on('data', (data) => {
      text += data
    })
    socket.on('error', reject).on('close', () => resolve(text))
  })
}
