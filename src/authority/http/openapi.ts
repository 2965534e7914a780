import { readFile } from 'node:fs/promises'
import type { Endpoint } from './router.ts'

const file = new URL('../../../openapi.json', import.meta.url)

/** The description of this very API, which the package brings along. It is no secret. */
export function openapiEndpoint(): Endpoint {
  return {
    method: 'GET',
    path: '/openapi.json',
    name: '/openapi.json',
    async answer({ res }) {
      const text = await readFile(file)
      res.writeHead(200, {
        'Content-Type': 'application/json; charset=utf-8',
        'Content-Length': text.length
      })
      res.end(text)
    }
  }
}
