import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** The HTTP servers of one process, begun one by one and ended together. */
export interface Servers {
  /** Port 0 takes any free one. */
  listen(
    listener: RequestListener,
    port: number,
    host: string
  ): Promise<{ readonly url: string; readonly port: number }>
  /** Gives requests in flight 5 seconds. */
  stop(): Promise<void>
}

/** How long a client may take to send its headers, and all of a request. */
const headersTimeout = 10_000
const requestTimeout = 30_000
const connectionsCheckingInterval = 5000
/** How long requests in flight may take to end once the server stops. */
const graceMs = 5000
/** A connection that has its answer is idle, and its client may keep it for as long as it likes. */
const closeIdleEveryMs = 50

export function createServers(): Servers {
  const servers = new Set<Server>()
  return {
    async listen(listener, port, host) {
      const server = await startServer(listener, port, host)
      servers.add(server)
      const { port: taken } = server.address() as AddressInfo
      const name = host.includes(':') ? `[${host}]` : host
      return { url: `http://${name}:${taken}/`, port: taken }
    },
    async stop() {
      await Promise.all([...servers].map(stopServer))
    }
  }
}

function startServer(listener: RequestListener, port: number, host: string): Promise<Server> {
  return new Promise((resolve, reject) => {
    const limits = { headersTimeout, requestTimeout, connectionsCheckingInterval }
    const server = createServer(limits, listener).once('error', reject)
    server.listen(port, host, () => resolve(server.off('error', reject)))
  })
}

/** Connections that only wait are closed; the others end with their answer, or when their time is up. */
function stopServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => server.closeAllConnections(), graceMs)
    const repeated = setInterval(() => server.closeIdleConnections(), closeIdleEveryMs)
    server.close((error) => {
      clearTimeout(timer)
      clearInterval(repeated)
      if (error === undefined) resolve()
      else reject(error)
    })
    server.closeIdleConnections()
  })
}
