import { fileURLToPath } from 'node:url'
import express, { type RequestHandler } from 'express'
import type { ExpressMemberAuth } from 'membergate/express'
import { createApi } from './api.ts'
import { createSite } from './site.ts'

/**
 * Pages for people and a JSON API for programs, guarded by one `auth`.
 *
 * @param auth made with `onRefusal: 'next'`: whether a refusal is a page or JSON is for the error handlers here to say
 */
export function createApp(auth: ExpressMemberAuth) {
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(setSecurityHeaders)
  app.use(express.static(fileURLToPath(new URL('public', import.meta.url))))
  app.use(keepFromCaches)
  app.use('/api', createApi(auth))
  app.use(createSite(auth))
  return app
}

const securityHeaders = {
  'Content-Security-Policy':
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
  'Referrer-Policy': 'same-origin',
  'X-Content-Type-Options': 'nosniff'
}

const setSecurityHeaders: RequestHandler = (_req, res, next) => {
  res.set(securityHeaders)
  next()
}

/** Guarded answers are private anyway. This is for what comes before a session: a page that shows a new secret, and forms. */
const keepFromCaches: RequestHandler = (_req, res, next) => {
  res.set('Cache-Control', 'no-store')
  next()
}
