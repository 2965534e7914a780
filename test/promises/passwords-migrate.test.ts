import { createHash, pbkdf2Sync } from 'node:crypto'
import { describe, expect, test } from '@jest/globals'
import type { B2BPasswordsMigrateRequest } from 'membergate/client'
import { describeOnEachEngine } from '../support/fixture.ts'
import { password } from '../support/people.ts'
import { runSql } from '../support/run-sql.ts'

const wrong = { status_code: 401, error_type: 'unauthorized_credentials' }
const salts = { prepend_salt: 'before', append_salt: 'after' }
const salted = `before${password}after`
const salt = Buffer.from('sixteen byte salt')
const digestOf = (algorithm: string, text: string) =>
  createHash(algorithm).update(text).digest('hex')
const derive = (algorithm: string) =>
  pbkdf2Sync(password, salt, 1000, 32, algorithm).toString('base64')
const pbkdf_2_config = { salt: salt.toString('base64'), iteration_amount: 1000, key_length: 32 }

const formats: readonly (readonly [string, Partial<B2BPasswordsMigrateRequest>])[] = [
  ['md_5', { hash: digestOf('md5', password) }],
  ['md_5', { hash: digestOf('md5', salted), md_5_config: salts }],
  ['sha_1', { hash: digestOf('sha1', password) }],
  ['sha_1', { hash: digestOf('sha1', salted), sha_1_config: salts }],
  ['sha_512', { hash: digestOf('sha512', password) }],
  ['sha_512', { hash: digestOf('sha512', salted), sha_512_config: salts }],
  ['pbkdf_2', { hash: derive('sha256'), pbkdf_2_config }],
  ['phpass', { hash: '$P$BsixteenBA/svpsLwtPsUQhX5rQ8ZA/' }],
  ['phpass', { hash: '$H$5sixteenBH5IkpRr6CByDON6X0mQ6W/' }],
  [
    'pbkdf_2',
    { hash: derive('sha512'), pbkdf_2_config: { ...pbkdf_2_config, algorithm: 'sha512' } }
  ]
]

describe('passwords.migrate', () => {
  describeOnEachEngine((fixture) => {
    async function storedOf(member_id: string): Promise<string> {
      const [row] = await runSql(
        fixture.database,
        'select hash from passwords where member_id = $1',
        [member_id]
      )
      return String(row?.hash)
    }

    test.each(formats)(
      '%s %j signs in, and is kept as argon2id from then on',
      async (hash_type, fields) => {
        const person = await fixture.newPerson({ hash_type, ...fields })
        expect(await storedOf(person.member_id)).not.toContain(fields.hash)
        const call = fixture.authenticate(person, { password: `${password}!` })
        expect(await fixture.errorOf(call)).toMatchObject(wrong)
        await fixture.signIn(person)
        expect(await storedOf(person.member_id)).toMatch(/^\$argon2id\$v=19\$m=64,t=1,p=1\$/)
        await fixture.signIn(person)
      }
    )

    test.each([
      ['md_5', { hash: 'x' }, 'invalid_md_5_hash'],
      ['sha_1', { hash: digestOf('md5', password) }, 'invalid_sha_1_hash'],
      ['sha_512', { hash: digestOf('sha1', password) }, 'invalid_sha_512_hash'],
      ['pbkdf_2', { hash: derive('sha256') }, 'invalid_pbkdf_2_hash'],
      [
        'pbkdf_2',
        { hash: derive('sha256'), pbkdf_2_config: { ...pbkdf_2_config, key_length: 16 } },
        'pbkdf_2_key_length_mismatch'
      ],
      [
        'pbkdf_2',
        { hash: derive('sha256'), pbkdf_2_config: { ...pbkdf_2_config, iteration_amount: 1e9 } },
        'invalid_pbkdf_2_hash'
      ],
      ['phpass', { hash: digestOf('md5', password) }, 'invalid_phpass_hash_prefix'],
      ['phpass', { hash: '$P$98447847' }, 'invalid_phpass_hash_format']
    ])(
      'AP-13: %s %j is refused, and nobody is created: %s',
      async (hash_type, fields, error_type) => {
        const email_address = `${crypto.randomUUID()}@acme.example`
        const call = fixture.newPerson({ hash_type, ...fields, email_address })
        expect(await fixture.errorOf(call)).toMatchObject({ status_code: 400, error_type })
        const { organization_id } = fixture.A
        const search = fixture.client.organizations.members.get({ organization_id, email_address })
        expect((await fixture.errorOf(search)).error_type).toBe('member_not_found')
      }
    )

    test('a weak password is taken over: only its hash is known', async () => {
      const person = await fixture.newPerson({ hash_type: 'md_5', hash: digestOf('md5', 'secret') })
      await fixture.signIn(person, { password: 'secret' })
    })
  })
})
