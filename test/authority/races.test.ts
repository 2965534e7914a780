import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { hash } from 'bcryptjs'
import request from 'supertest'
import { newAtRestKey } from '../../src/authority/crypto/at-rest.ts'
import { type Authority, createAuthority, createOutbox } from '../../src/authority.ts'
import { describeOnEachDatabase, type TestDatabase } from '../support/databases.ts'
import { newPhone } from '../support/people.ts'
import { runSql } from '../support/run-sql.ts'
import { otherThan, totpCode, wrongCode } from '../support/totp-code.ts'

/**
 * What works once, and what may be guessed so often, tried a hundred times at the same moment, on two servers of one
 * database. A secret of another kind is one row more.
 */

const project_id = 'project-test-33333333-3333-4333-8333-333333333333'
const secret = 'secret-of-the-project-of-these-tests'
const password = 'correct horse battery staple'
const organization_id = 'acme'
const totp_secret = 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
const hundred = 100

/** In the middle of a TOTP step. The clock stands, so no code grows old while it is fought for. */
const moment = Date.UTC(2030, 0, 1, 12, 0, 15)

interface Answer {
  readonly status_code: number
  readonly error_type?: string
  readonly [name: string]: unknown
}

interface Person {
  readonly member_id: string
  readonly email_address: string
  readonly mfa_phone_number: string
}

type Credential = { intermediate_session_token: string } | { session_token: string }

/** A secret that completes MFA: its call, and the secret of this moment. */
interface SecondFactor {
  readonly path: string
  right(person: Person, credential: Credential): Promise<Record<string, string>>
  wrong(right: Record<string, string>): Record<string, string>
}

describeOnEachDatabase((createDatabase) => {
  let database: TestDatabase
  let replicas: Authority[] = []
  let cheapHash = ''
  const outbox = createOutbox()

  beforeAll(async () => {
    database = await createDatabase()
    cheapHash = await hash(password, 4)
    const options = {
      database: database.location,
      keys: [newAtRestKey()],
      deliver: outbox.deliver,
      now: () => moment
    }
    const organizations = [{ organization_name: 'Acme', organization_slug: organization_id }]
    replicas = [
      await createAuthority({ ...options, projects: [{ project_id, secret, organizations }] }),
      await createAuthority(options)
    ]
  })

  afterAll(async () => {
    for (const replica of replicas) await replica.close()
    await database.drop()
  })

  /** The servers answer in turns. */
  let calls = 0
  async function call(path: string, body: object): Promise<Answer> {
    calls += 1
    const answer = await request(replicas[calls % replicas.length]?.app ?? '')
      .post(`/v1/b2b/${path}`)
      .auth(project_id, secret)
      .send({ organization_id, ...body })
    return answer.body
  }

  /** A member with a verified number, an authenticator and its recovery codes. */
  async function newPerson(): Promise<Person> {
    const mfa_phone_number = newPhone()
    const email_address = `${mfa_phone_number.slice(1)}@example.com`
    const { member_id } = await call('passwords/migrate', {
      email_address,
      hash: cheapHash,
      hash_type: 'bcrypt',
      mfa_phone_number,
      set_phone_number_verified: true
    })
    const person = { member_id: String(member_id), email_address, mfa_phone_number }
    await call('totp/migrate', {
      member_id,
      secret: totp_secret,
      recovery_codes: ['a-recovery-code']
    })
    return person
  }

  const signIn = ({ email_address }: Person) =>
    call('passwords/authenticate', { email_address, password })

  async function beginSession(person: Person): Promise<Credential> {
    return { session_token: String((await signIn(person)).session_token) }
  }

  /** From now on the member is asked for a second factor. */
  async function beginSignIn(person: Person): Promise<Credential> {
    await runSql(database.location, 'update members set mfa_enrolled = 1 where member_id = $1', [
      person.member_id
    ])
    const { intermediate_session_token } = await signIn(person)
    return { intermediate_session_token: String(intermediate_session_token) }
  }

  async function sessionsOf({ member_id }: Person): Promise<readonly Record<string, unknown>[]> {
    return runSql(database.location, 'select * from sessions where member_id = $1', [member_id])
  }

  async function failuresOf({ member_id }: Person): Promise<number> {
    const [row] = await runSql(
      database.location,
      'select failures from failed_attempts where member_id = $1',
      [member_id]
    )
    return Number(row?.failures ?? 0)
  }

  const succeeded = (answers: readonly Answer[]) =>
    answers.filter(({ status_code }) => status_code === 200)
  const broken = (answers: readonly Answer[]) =>
    answers.filter(({ status_code }) => status_code >= 500)

  const secondFactors: Record<string, SecondFactor> = {
    'SMS code': {
      path: 'otps/sms/authenticate',
      async right({ member_id, mfa_phone_number }, credential) {
        await runSql(database.location, 'delete from send_counts')
        await call('otps/sms/send', { member_id, ...credential })
        const sent = outbox.entries().find(({ to }) => to === mfa_phone_number)
        return { code: sent?.code ?? '' }
      },
      wrong: ({ code = '' }) => ({ code: otherThan(code) })
    },
    'TOTP code': {
      path: 'totp/authenticate',
      right: async () => ({ code: totpCode(totp_secret, moment) }),
      wrong: () => ({ code: wrongCode(totp_secret, moment) })
    },
    'recovery code': {
      path: 'recovery_codes/recover',
      right: async () => ({ recovery_code: 'a-recovery-code' }),
      wrong: () => ({ recovery_code: 'another-code' })
    }
  }
  const factors = Object.entries(secondFactors)

  describe('of a hundred uses at once exactly one succeeds', () => {
    test.each(factors)('of one %s on ten intermediate sessions', async (_name, { path, right }) => {
      const person = await newPerson()
      const { member_id } = person
      const credentials = await Promise.all(Array.from({ length: 10 }, () => beginSignIn(person)))
      const given = await right(person, credentials[0] ?? (await beginSignIn(person)))
      const answers = await Promise.all(
        Array.from({ length: hundred }, (_, index) =>
          call(path, { member_id, ...given, ...credentials[index % credentials.length] })
        )
      )
      expect(succeeded(answers)).toHaveLength(1)
      expect(broken(answers)).toEqual([])
      expect(await sessionsOf(person)).toHaveLength(1)
    })

    test.each(factors)('of one %s on ten sessions', async (_name, { path, right }) => {
      const person = await newPerson()
      const { member_id } = person
      const credentials = await Promise.all(Array.from({ length: 10 }, () => beginSession(person)))
      const given = await right(person, credentials[0] ?? (await beginSession(person)))
      const answers = await Promise.all(
        Array.from({ length: hundred }, (_, index) =>
          call(path, { member_id, ...given, ...credentials[index % credentials.length] })
        )
      )
      expect(succeeded(answers)).toHaveLength(1)
      expect(broken(answers)).toEqual([])
      const verified = (await sessionsOf(person)).filter(({ authentication_factors }) =>
        String(authentication_factors).includes('SECONDARY')
      )
      expect(verified).toHaveLength(1)
    })

    test('of one intermediate session, by right codes of every kind', async () => {
      const person = await newPerson()
      const { member_id } = person
      const credential = await beginSignIn(person)
      const requests = await Promise.all(
        factors.map(async ([, { path, right }]) => ({
          path,
          body: { member_id, ...credential, ...(await right(person, credential)) }
        }))
      )
      const answers = await Promise.all(
        Array.from({ length: hundred }, (_, index) => {
          const { path, body } = requests[index % requests.length] ?? { path: '', body: {} }
          return call(path, body)
        })
      )
      expect(succeeded(answers)).toHaveLength(1)
      expect(broken(answers)).toEqual([])
      expect(await sessionsOf(person)).toHaveLength(1)
    })
  })

  describe('of a hundred wrong guesses at once', () => {
    test.each([
      ['SMS code', 5],
      ['TOTP code', 10],
      ['recovery code', 10]
    ])(
      'of a %s on a session, %i are counted, and then the right one is refused',
      async (name, allowed) => {
        const person = await newPerson()
        const credential = await beginSession(person)
        await expectGuesses(secondFactors[name], person, credential, allowed)
      }
    )

    test.each(factors)(
      'of a %s on an intermediate session, five are counted, and then the right one is refused',
      async (_name, factor) => {
        const person = await newPerson()
        await expectGuesses(factor, person, await beginSignIn(person), 5)
      }
    )

    async function expectGuesses(
      factor: SecondFactor | undefined,
      person: Person,
      credential: Credential,
      allowed: number
    ) {
      if (factor === undefined) throw new Error('There is no such factor.')
      const { member_id } = person
      const right = await factor.right(person, credential)
      const wrong = { member_id, ...credential, ...factor.wrong(right) }
      const answers = await Promise.all(
        Array.from({ length: hundred }, () => call(factor.path, wrong))
      )
      expect(succeeded(answers)).toEqual([])
      expect(broken(answers)).toEqual([])
      expect(await failuresOf(person)).toBe(allowed)
      const late = await call(factor.path, { member_id, ...credential, ...right })
      expect(succeeded([late])).toEqual([])
      expect(await failuresOf(person)).toBe(allowed)
    }
  })
})
