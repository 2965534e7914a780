import { readFile } from 'node:fs/promises'
import type { Endpoint } from './router.ts'

const file = new URL('../../../openapi.json', import.meta.url)

/** The description of this very API, which the package brings along. It is no secret, and is read once. */
export function openapiEndpoint(): Endpoint {
  let known: Buffer | undefined
  return {
    method: 'GET',
    path: '/openapi.json',
    name: '/openapi.json',
    async answer({ res }) {
      known ??= await readFile(file)
      res.writeHead(200, {
        'Content-Type': 'application/json; charset=utf-8',
        'Content-Length': known.length
      })
      res.end(known)
    }
  }
}
