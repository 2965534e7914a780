import { describe, expect, test } from '@jest/globals'
import type { LookUpDevice } from 'membergate/authority'
import { describeEvery, type Person, password, type World } from '../support/promises.ts'

interface Prepared {
  readonly person: Person
  readonly request: Record<string, unknown>
}

const another = 'another horse battery staple'

/** For each operation that takes a `telemetry_id`: whose device it is, and a request that succeeds. */
const operations: Record<string, (world: World) => Promise<Prepared>> = {
  async 'totps.authenticate'(world) {
    const person = await world.newEnrolled()
    const { organization_id, member_id, secret } = person
    const intermediate_session_token = await world.beginSignIn(person)
    const code = world.nextCode(secret)
    return { person, request: { organization_id, member_id, intermediate_session_token, code } }
  },
  async 'passwords.authenticate'(world) {
    const person = await world.newPerson()
    const { organization_id, email_address } = person
    return { person, request: { organization_id, email_address, password } }
  },
  async 'passwords.email.reset'(world) {
    const person = await world.newPerson()
    const { organization_id, email_address } = person
    await world.client.passwords.email.resetStart({ organization_id, email_address })
    const password_reset_token = world.sentTo(email_address)[0]?.token
    return { person, request: { password_reset_token, password: another } }
  },
  async 'passwords.existingPassword.reset'(world) {
    const person = await world.newPerson()
    const { organization_id, email_address } = person
    const passwords = { existing_password: password, new_password: another }
    return { person, request: { organization_id, email_address, ...passwords } }
  },
  async 'passwords.sessions.reset'(world) {
    const person = await world.newPerson()
    const { organization_id } = person
    const { session_token } = await world.signIn(person)
    return { person, request: { organization_id, session_token, password: another } }
  }
}

const names = Object.keys(operations)
const telemetry_id = 'a1b2c3'

const device = {
  visitor_id: 'visitor-1',
  visitor_id_details: {
    is_new: false,
    first_seen_at: '2026-01-01T12:00:00Z',
    last_seen_at: '2026-01-02T12:00:00Z'
  },
  ip_address: '192.0.2.1',
  ip_address_details: { is_new: true },
  ip_geo_city: 'Zürich',
  ip_geo_region: 'ZH',
  ip_geo_country: 'CH',
  ip_geo_country_details: { is_new: false }
}

const faults: Record<string, LookUpDevice> = {
  'knows no such id': async () => null,
  'answers nothing': async () => undefined,
  rejects: async () => {
    throw new Error('broken on purpose')
  },
  throws: () => {
    throw new Error('broken on purpose')
  },
  'never answers': () => new Promise(() => {}),
  'answers what is no device': async () => ({ visitor_id: 5 }) as unknown as typeof device,
  'answers a device without visitor_id': async () =>
    ({ ip_address: '192.0.2.1' }) as unknown as typeof device
}

describe('telemetry_id', () => {
  describeEvery((world) => {
    async function prepare(operation: string): Promise<Prepared> {
      const prepared = await operations[operation]?.(world)
      if (prepared === undefined) throw new Error(`There is no request of ${operation}.`)
      return prepared
    }

    test.each(names)(
      'S-TEL-02: %s answers the device that the look-up found',
      async (operation) => {
        const { request } = await prepare(operation)
        const lookUp = async () => ({ ...device, confidence: 0.9 })
        const answer = await world.devices.answering(lookUp, () =>
          world.send(operation, { ...request, telemetry_id })
        )
        expect(answer.status_code).toBe(200)
        expect(answer.member_device).toEqual(device)
      }
    )

    test.each(names)(
      'S-TEL-05: %s tells the look-up whose device it is, each time, so that it can keep it',
      async (operation) => {
        for (let time = 1; time <= 2; time += 1) {
          const { person, request } = await prepare(operation)
          const { organization_id, member_id } = person
          const before = world.devices.queries.length
          await world.send(operation, { ...request, telemetry_id })
          expect(world.devices.queries.slice(before)).toEqual([
            { telemetry_id, project_id: world.project_id, organization_id, member_id }
          ])
        }
      }
    )

    test.each(names)('S-TEL-01 S-TEL-03: %s succeeds when nothing is known', async (operation) => {
      const { request } = await prepare(operation)
      const answer = await world.send(operation, { ...request, telemetry_id })
      expect(answer.status_code).toBe(200)
      expect(answer.member_device ?? null).toBeNull()
    })

    test.each(names)('S-TEL-04: without one %s looks nothing up', async (operation) => {
      for (const without of [{}, { telemetry_id: null }]) {
        const { request } = await prepare(operation)
        const before = world.devices.queries.length
        const answer = await world.devices.answering(
          async () => device,
          () => world.send(operation, { ...request, ...without })
        )
        expect(answer.member_device ?? null).toBeNull()
        expect(world.devices.queries).toHaveLength(before)
      }
    })

    test.each(Object.entries(faults))(
      'S-TEL-03: a look-up that %s leaves the sign-in as it is, in time',
      async (_fault, lookUp) => {
        const { request } = await prepare('passwords.authenticate')
        const start = performance.now()
        const answer = await world.devices.answering(lookUp, () =>
          world.send('passwords.authenticate', { ...request, telemetry_id })
        )
        expect(answer.member_authenticated).toBe(true)
        expect(answer.member_device ?? null).toBeNull()
        expect(performance.now() - start).toBeLessThan(2500)
      }
    )

    test('a sign-in that waits for a second factor answers the device as well', async () => {
      const person = await world.newEnrolled()
      const { member_authenticated, member_device } = await world.devices.answering(
        async () => device,
        () => world.authenticate(person, { telemetry_id })
      )
      expect(member_authenticated).toBe(false)
      expect(member_device).toEqual(device)
    })

    test('a call that is refused looks nothing up', async () => {
      const person = await world.newPerson()
      const before = world.devices.queries.length
      const call = world.authenticate(person, { password: 'wrong', telemetry_id })
      expect((await world.errorOf(call)).error_type).toBe('unauthorized_credentials')
      expect(world.devices.queries).toHaveLength(before)
    })
  })
})
