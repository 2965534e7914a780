import { describe, expect, test } from '@jest/globals'
import type { LookUpDevice } from 'membergate/authority'
import type { Organization } from 'membergate/client'
import { listRoutes, type OperationName } from '../../src/wire/routes.ts'
import { describeOnEachEngine } from '../support/fixture.ts'
import { requests } from '../support/requests.ts'

/** Every operation that takes a `telemetry_id`. */
const names: readonly OperationName[] = [
  'sessions.exchange',
  'sessions.exchangeAccessToken',
  'sessions.attest',
  'discovery.intermediateSessions.exchange',
  'discovery.organizations.create',
  'totps.authenticate',
  'recoveryCodes.recover',
  'otps.sms.authenticate',
  'otps.email.authenticate',
  'magicLinks.authenticate',
  'passwords.authenticate',
  'passwords.email.reset',
  'passwords.existingPassword.reset',
  'passwords.sessions.reset'
]
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

test('every operation that takes a telemetry_id and is answered is looked at', () => {
  const takers = listRoutes().flatMap(([name, { request }]) => {
    const entries: object = Reflect.get(request, 'entries') ?? {}
    return 'telemetry_id' in entries ? [name] : []
  })
  expect(names).toEqual(takers)
})

describe('telemetry_id', () => {
  describeOnEachEngine((fixture) => {
    test.each(names)(
      'S-TEL-02: %s answers the device that the look-up found',
      async (operation) => {
        const request = await requests[operation](fixture)
        const lookUp = async () => ({ ...device, confidence: 0.9 })
        const answer = await fixture.devices.answering(lookUp, () =>
          fixture.send(operation, { ...request, telemetry_id })
        )
        expect(answer.status_code).toBe(200)
        expect(answer.member_device).toEqual(device)
      }
    )

    test.each(names)(
      'S-TEL-05: %s tells the look-up whose device it is, each time, so that it can keep it',
      async (operation) => {
        for (let time = 1; time <= 2; time += 1) {
          const request = await requests[operation](fixture)
          const before = fixture.devices.queries.length
          const answer = await fixture.send(operation, { ...request, telemetry_id })
          const { organization_id } = answer.organization as Organization
          const { member_id } = answer
          expect(fixture.devices.queries.slice(before)).toEqual([
            { telemetry_id, project_id: fixture.project_id, organization_id, member_id }
          ])
        }
      }
    )

    test.each(names)('S-TEL-01 S-TEL-03: %s succeeds when nothing is known', async (operation) => {
      const request = await requests[operation](fixture)
      const answer = await fixture.send(operation, { ...request, telemetry_id })
      expect(answer.status_code).toBe(200)
      expect(answer.member_device ?? null).toBeNull()
    })

    test.each(names)('S-TEL-04: without one %s looks nothing up', async (operation) => {
      for (const without of [{}, { telemetry_id: null }]) {
        const request = await requests[operation](fixture)
        const before = fixture.devices.queries.length
        const answer = await fixture.devices.answering(
          async () => device,
          () => fixture.send(operation, { ...request, ...without })
        )
        expect(answer.member_device ?? null).toBeNull()
        expect(fixture.devices.queries).toHaveLength(before)
      }
    })

    test.each(Object.entries(faults))(
      'S-TEL-03: a look-up that %s leaves the sign-in as it is, in time',
      async (_fault, lookUp) => {
        const request = await requests['passwords.authenticate'](fixture)
        const start = performance.now()
        const answer = await fixture.devices.answering(lookUp, () =>
          fixture.send('passwords.authenticate', { ...request, telemetry_id })
        )
        expect(answer.member_authenticated).toBe(true)
        expect(answer.member_device ?? null).toBeNull()
        expect(performance.now() - start).toBeLessThan(2500)
      }
    )

    test('a sign-in that waits for a second factor answers the device as well', async () => {
      const person = await fixture.newEnrolled()
      const { member_authenticated, member_device } = await fixture.devices.answering(
        async () => device,
        () => fixture.authenticate(person, { telemetry_id })
      )
      expect(member_authenticated).toBe(false)
      expect(member_device).toEqual(device)
    })

    test('a call that is refused looks nothing up', async () => {
      const person = await fixture.newPerson()
      const before = fixture.devices.queries.length
      const call = fixture.authenticate(person, { password: 'wrong', telemetry_id })
      expect((await fixture.errorOf(call)).error_type).toBe('unauthorized_credentials')
      expect(fixture.devices.queries).toHaveLength(before)
    })
  })
})
