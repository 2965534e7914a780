import type { RequestListener } from 'node:http'
import { createAuthority } from 'membergate/authority'
import { type Client, createClient } from 'membergate/client'
import { TOTP } from 'otpauth'
import { alan, organizations } from '../../examples/seed.ts'
import { timeoutMs } from '../support/patience.ts'

export interface ExampleOptions {
  readonly project_id: string
  readonly secret: string
  readonly url: string
  readonly origin: string
  readonly now: () => number
}

export interface Example {
  readonly listener: RequestListener
  readonly options: ExampleOptions
  readonly client: Client
  /** A code of Alan's authenticator that was not used before: each one moves the clock of the example. */
  nextCode(secret?: string): string
  close(): Promise<void>
}

const project = {
  project_id: 'project-test-6f5ac1a5-3a5c-4b6b-9a0e-5f6a4c1d2e3f',
  secret: 'secret-of-the-example-for-its-tests'
}

/** The app of an example, on an authority of its own with what `npm start` seeds. */
export async function openExample(
  createListener: (options: ExampleOptions) => RequestListener,
  origin = 'http://localhost:3000'
): Promise<Example> {
  let time = Date.now()
  const now = () => time
  const authority = await createAuthority({
    database: ':memory:',
    projects: [{ ...project, organizations }],
    now
  })
  const { url } = await authority.listen()
  const options = { ...project, url, origin, now }
  return {
    listener: createListener(options),
    options,
    client: createClient({ ...project, url, now, timeoutMs }),
    nextCode(secret = alan.totp_secret) {
      time += 30_000
      return new TOTP({ secret }).generate({ timestamp: time })
    },
    close: () => authority.close()
  }
}
