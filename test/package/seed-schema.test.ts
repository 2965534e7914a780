import { readFileSync } from 'node:fs'
import { describe, expect, test } from '@jest/globals'
import { seedSchema } from '../../scripts/seed-schema.ts'
import { checkSeed } from '../../src/authority/seed/seed.ts'
import { faultsBySchema } from '../support/json-schema.ts'

const read = (path: string) => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8')
const schema: unknown = JSON.parse(read('seed.schema.json'))

const inOrganization = (fields: object) => ({
  organizations: [{ organization_name: 'Acme', ...fields }]
})
const withMember = (fields: object) =>
  inOrganization({ members: [{ email_address: 'ada@acme.example', ...fields }] })
const withSettings = (settings: object) => ({ settings })

describe('seed.schema.json', () => {
  test('is what the schemas of today say: npm run schema', () => {
    expect(schema).toEqual(JSON.parse(JSON.stringify(seedSchema())))
  })

  test('accepts the documented seed', () => {
    const seeds = [...read('docs/self-hosting.md').matchAll(/```json\n(\{[\s\S]*?)```/g)].filter(
      ([, example = '']) => /"(settings|organizations)"/.test(example)
    )
    expect(seeds.length).toBeGreaterThan(0)
    for (const [, seed = ''] of seeds) {
      expect(faultsBySchema(schema, JSON.parse(seed))).toEqual([])
      expect(checkSeed([JSON.parse(seed)])).toHaveLength(1)
    }
  })

  test.each([
    {},
    { $schema: './node_modules/membergate/seed.schema.json' },
    { project_id: 'project-live-11111111-1111-4111-8111-11111111ABCD', secret: 'secret-1' },
    { project_id: null, policy: null, settings: null },
    withSettings({}),
    withSettings({ sms_country_codes: [], redirect_urls: [] }),
    withSettings({ recent_factor_minutes: 5 }),
    withSettings({ recent_factor_minutes: 527_040 }),
    withSettings({
      sms_country_codes: ['US', 'DE'],
      redirect_urls: ['https://app.example/a?b=c', 'http://localhost:3000', 'HTTPS://X.example']
    }),
    withSettings({ email_limits: { project: [], mailbox: [{ messages: 1, minutes: 44_640 }] } }),
    inOrganization({ email_allowed_domains: ['Acme.example'], trusted_metadata: { tier: 1 } }),
    inOrganization({ allowed_oauth_tenants: { slack: ['T1'] } }),
    withMember({ totp_secret: 'jbsw y3dp ehpk 3pxp', mfa_phone_number: '+12025550123' }),
    withMember({ password: 'x'.repeat(1024), roles: ['stytch_admin'] })
  ])('accepts %j as the authority does', (seed) => {
    expect(faultsBySchema(schema, seed)).toEqual([])
    expect(checkSeed([seed])).toHaveLength(1)
  })

  test.each([
    [{ projectid: 'x' }],
    [{ $schema: 5 }],
    [{ project_id: 'mine' }],
    [{ project_id: 'project-other-11111111-1111-4111-8111-111111111111' }],
    [{ secret: 'short' }],
    [{ secret: 'has a space' }],
    [{ settings: 'US' }],
    [withSettings({ sms_countries: ['US'] })],
    [withSettings({ sms_country_codes: 'US' })],
    [withSettings({ sms_country_codes: ['us'] })],
    [withSettings({ recent_factor_minutes: 4 })],
    [withSettings({ recent_factor_minutes: 5.5 })],
    [withSettings({ recent_factor_minutes: 527_041 })],
    [withSettings({ sms_country_codes: ['USA'] })],
    [withSettings({ sms_country_codes: ['XX'] })],
    [withSettings({ redirect_urls: ['app.example'] })],
    [withSettings({ redirect_urls: ['javascript:alert(1)'] })],
    [withSettings({ redirect_urls: ['https://app.example/#fragment'] })],
    [withSettings({ redirect_urls: [`https://app.example/${'x'.repeat(2048)}`] })],
    [withSettings({ email_limits: { projekt: [] } })],
    [withSettings({ email_limits: { project: { messages: 1, minutes: 60 } } })],
    [withSettings({ sms_limits: { project: [{ messages: 0, minutes: 60 }] } })],
    [withSettings({ sms_limits: { project: [{ messages: 1.5, minutes: 60 }] } })],
    [withSettings({ sms_limits: { project: [{ messages: 1, minutes: 44_641 }] } })],
    [{ organizations: [{}] }],
    [inOrganization({ organization_name: '' })],
    [inOrganization({ organization_name: ' ' })],
    [inOrganization({ organization_slug: 'a' })],
    [inOrganization({ trusted_metadata: [] })],
    [inOrganization({ email_allowed_domains: ['no domain'] })],
    [inOrganization({ allowed_oauth_tenants: { google: ['T1'] } })],
    [inOrganization({ mfa_policy: 'SOMETIMES' })],
    [inOrganization({ members: [{}] })],
    [withMember({ passwort: 'x' })],
    [withMember({ password: 'x'.repeat(1025) })],
    [withMember({ totp_secret: 'short' })],
    [withMember({ totp_secret: '0189018901890189' })],
    [withMember({ mfa_phone_number: '202 555' })],
    [withMember({ is_breakglass: 'yes' })]
  ])('refuses %j as the authority does', (seed) => {
    expect(() => checkSeed([seed])).toThrow(/^projects\[0\]/)
    expect(faultsBySchema(schema, seed)).not.toEqual([])
  })

  test('leaves to the authority what no pattern can say', () => {
    for (const seed of [
      withSettings({ redirect_urls: ['https://:password@app.example'] }),
      withMember({ totp_secret: 'JBSWY3DPEHPK3PXPA' })
    ]) {
      expect(() => checkSeed([seed])).toThrow(/^projects\[0\]/)
    }
  })
})
