import { Agent, createServer, type IncomingMessage, request } from 'node:http'
import { faultsOfCall } from './answer-faults.ts'
import type { AnswerCount } from './answered.ts'
import { close, listen } from './listen.ts'

/** A call that went through the tap. */
export interface Call {
  readonly method: string
  readonly path: string
  readonly request: string
  readonly status: number
  readonly response: string
}

export interface Tap {
  readonly url: string
  /** The calls that went by while `work` ran. */
  watch(work: () => Promise<unknown>): Promise<readonly Call[]>
  /** Answers every path that contains `part` itself until undone: with JSON, or with a broken connection. */
  override(part: string, answer: object | 'broken'): () => void
  close(): Promise<void>
}

export async function openTap(target: string, counts: AnswerCount): Promise<Tap> {
  const agent = new Agent({ keepAlive: true })
  const calls: Call[] = []
  const overrides = new Map<string, object | 'broken'>()

  const server = createServer(async (incoming, outgoing) => {
    const path = incoming.url ?? '/'
    const sent = await readAll(incoming)
    const note = (status: number, response: string) =>
      calls.push({ method: incoming.method ?? '', path, request: sent, status, response })
    const [, answer] = [...overrides].find(([part]) => path.includes(part)) ?? []
    if (answer === 'broken') {
      note(0, '')
      incoming.socket.destroy()
      return
    }
    if (answer !== undefined) {
      const body = JSON.stringify(answer)
      note(200, body)
      outgoing.writeHead(200, { 'Content-Type': 'application/json' }).end(body)
      return
    }
    const { method = '', headers } = incoming
    const sendOnward = () => {
      const onward = request(
        new URL(path, target),
        { method, headers, agent },
        async (response) => {
          const answered = await readAll(response)
          const faults = faultsOfCall({ method, path }, response.statusCode, answered)
          const status = faults.length === 0 ? (response.statusCode ?? 500) : 500
          const body = faults.length === 0 ? answered : JSON.stringify(offSchema(faults))
          note(status, body)
          counts.note({ method, path, userAgent: headers['user-agent'] }, status)
          outgoing.writeHead(status, { 'Content-Type': 'application/json' }).end(body)
        }
      )
      // A kept connection that the authority closed at this very moment has carried nothing.
      onward.on('error', () => (onward.reusedSocket ? sendOnward() : incoming.socket.destroy()))
      onward.end(sent)
    }
    sendOnward()
  })
  server.keepAliveTimeout = 60_000
  const url = await listen(server)
  return {
    url,
    async watch(work) {
      const before = calls.length
      await work()
      return calls.slice(before)
    },
    override(part, answer) {
      overrides.set(part, answer)
      return () => overrides.delete(part)
    },
    async close() {
      await close(server)
      agent.destroy()
    }
  }
}

/** So that the call fails in the test that made it, and says why. */
function offSchema(faults: readonly string[]) {
  return {
    status_code: 500,
    request_id: 'none',
    error_type: 'answer_is_off_its_schema',
    error_message: faults.join(', '),
    error_url: 'https://none.invalid/'
  }
}

async function readAll(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}
