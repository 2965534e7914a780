import { answerJson } from './http-call.ts'
import type { Endpoint } from './router.ts'

/** What a supervisor wants to know. */
export interface Health {
  /** Whether the authority ends: it answers what is in flight, and wants nothing new. */
  isClosing(): boolean
  /** Whether the database answers. */
  ping(): Promise<void>
}

const pingMs = 2000

/**
 * `/health/live`: the process answers. `/health/ready`: it should be sent requests. Both need no credentials, and say
 * nothing else.
 */
export function healthEndpoints(health: Health): readonly Endpoint[] {
  const isAnswering = shareWhileInFlight(() => answersInTime(health.ping))
  return [
    healthEndpoint('live', async () => true),
    healthEndpoint('ready', async () => !health.isClosing() && (await isAnswering()))
  ]
}

function healthEndpoint(name: 'live' | 'ready', check: () => Promise<boolean>): Endpoint {
  return {
    method: 'GET',
    path: `/health/${name}`,
    name: `/health/${name}`,
    async answer(call) {
      const healthy = await check()
      answerJson(call, healthy ? 200 : 503, { [name]: healthy })
    }
  }
}

/** However many requests come at once, they share one check of the database. */
function shareWhileInFlight<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let inFlight: Promise<Result> | undefined
  return () => {
    inFlight ??= work().finally(() => {
      inFlight = undefined
    })
    return inFlight
  }
}

function answersInTime(ping: () => Promise<void>): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), pingMs)
    ping()
      .then(
        () => resolve(true),
        () => resolve(false)
      )
      .finally(() => clearTimeout(timer))
  })
}
