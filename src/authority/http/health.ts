import { type RequestHandler, Router } from 'express'

/** What a supervisor asks about. */
export interface Health {
  /** Whether the authority ends: it answers what is under way, and wants nothing new. */
  isClosing(): boolean
  /** Whether the database answers. */
  ping(): Promise<void>
}

const pingMs = 2000

/**
 * `/health/live`: the process answers. `/health/ready`: it should be sent requests. Both are for anybody, and say nothing
 * else.
 */
export function healthRoutes(health: Health): Router {
  const isAnswering = shareWhileUnderWay(() => answersInTime(health.ping))
  return Router({ caseSensitive: true, strict: true })
    .get(
      '/health/live',
      answer('live', async () => true)
    )
    .get(
      '/health/ready',
      answer('ready', async () => !health.isClosing() && (await isAnswering()))
    )
}

function answer(name: string, check: () => Promise<boolean>): RequestHandler {
  return async function answerHealth(_req, res) {
    const healthy = await check()
    res.status(healthy ? 200 : 503).json({ [name]: healthy })
  }
}

/** However many ask at once, the database is asked once. */
function shareWhileUnderWay<Result>(work: () => Promise<Result>): () => Promise<Result> {
  let underWay: Promise<Result> | undefined
  return () => {
    underWay ??= work().finally(() => {
      underWay = undefined
    })
    return underWay
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
