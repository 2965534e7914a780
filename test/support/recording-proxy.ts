import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface RecordingProxy {
  readonly port: number
  /** All that clients have sent since the last call. */
  sent(): string
  close(): Promise<void>
}

/** Stands before a server of this machine, and keeps what its clients send as anyone on the way could. */
export async function startRecordingProxy(targetPort: number): Promise<RecordingProxy> {
  let chunks: Buffer[] = []
  const sockets = new Set<Socket>()
  const server = createServer((client) => {
    const target = connect(targetPort, '127.0.0.1')
    for (const socket of [client, target]) {
      sockets.add(socket)
      socket.on('error', () => {})
    }
    client.on('data', (chunk) => chunks.push(chunk))
    client.pipe(target).pipe(client)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    sent() {
      const text = Buffer.concat(chunks).toString('latin1')
      chunks = []
      return text
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    }
  }
}
