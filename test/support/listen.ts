import { createServer, type RequestListener, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Listens on a free port and tells its origin, with a last slash. */
export async function listen(server: Server): Promise<string> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return `http://127.0.0.1:${port}/`
}

/** Serves an app on a free port. */
export async function serve(
  listener: RequestListener
): Promise<{ readonly url: string; close(): Promise<void> }> {
  const server = createServer(listener)
  const url = await listen(server)
  return { url: url.slice(0, -1), close: () => close(server) }
}

export function close(server: Server): Promise<void> {
  server.closeAllConnections()
  return new Promise((resolve) => server.close(() => resolve()))
}
