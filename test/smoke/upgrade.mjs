// `begin` fills a database through one release of the package; `continue` finds everything through another.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { createClient } from 'membergate/client'

const [part, database, key, noteFile] = process.argv.slice(2)
const organization_id = 'acme'
const ada = { email_address: 'ada@acme.test', password: 'correct horse battery staple' }
const organization = {
  organization_name: 'Acme',
  organization_slug: organization_id,
  trusted_metadata: { plan: 'gold' },
  members: [{ ...ada, name: 'Ada' }]
}
const project = {
  project_id: 'project-test-11111111-1111-4111-8111-111111111111',
  secret: 'secret-test-0123456789abcdefghijklmnopqrstuvwxyzABCDEFG'
}

writeFileSync('seed.json', JSON.stringify({ organizations: [organization] }), { mode: 0o600 })
const args = ['serve', '--port', '0', '--json', '--database', database]
const child = spawn(
  'node_modules/.bin/membergate',
  part === 'begin' ? [...args, '--seed', 'seed.json'] : args,
  {
    env: {
      PATH: process.env.PATH,
      MEMBERGATE_KEY: key,
      STYTCH_PROJECT_ID: project.project_id,
      STYTCH_SECRET: project.secret
    },
    stdio: ['ignore', 'pipe', 'inherit']
  }
)
try {
  const [ready] = await Promise.race([
    once(child.stdout, 'data'),
    once(child, 'exit').then(() => assert.fail('serve ended'))
  ])
  const client = createClient({ ...project, url: JSON.parse(ready).url, timeoutMs: 20_000 })
  await (part === 'begin' ? begin(client) : goOn(client))
} finally {
  child.kill('SIGTERM')
}
const [code] = await once(child, 'exit')
assert.equal(code, 0)

/** Leaves a session, a second factor and its recovery codes, which are encrypted, and notes what they are. */
async function begin(client) {
  const { session_token, session_jwt, member_id } = await signIn(client)
  await client.totps.migrate({
    organization_id,
    member_id,
    secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP',
    recovery_codes: ['abcd-efgh-2345', 'abcd-efgh-6789']
  })
  const { recovery_codes } = await client.recoveryCodes.get({ organization_id, member_id })
  const { member } = await client.organizations.members.get({ organization_id, member_id })
  const noted = { session_token, session_jwt, member, recovery_codes }
  writeFileSync(noteFile, JSON.stringify(noted))
}

async function goOn(client) {
  const { session_token, session_jwt, member, recovery_codes } = JSON.parse(
    readFileSync(noteFile, 'utf8')
  )
  const { member_id } = member
  const by_token = await client.sessions.authenticate({ session_token })
  assert.equal(by_token.member_session.member_id, member_id)
  const by_jwt = await client.sessions.authenticateJwt({ session_jwt })
  assert.equal(by_jwt.member_session.member_id, member_id)
  const found = await client.recoveryCodes.get({ organization_id, member_id })
  assert.deepEqual(found.recovery_codes, recovery_codes)
  const now = await client.organizations.members.get({ organization_id, member_id })
  assert.equal(now.member.name, member.name)
  assert.equal(now.member.email_address, member.email_address)
  assert.equal(now.organization.trusted_metadata.plan, 'gold')
  assert.equal((await signIn(client)).member_id, member_id)
}

function signIn(client) {
  return client.passwords.authenticate({ organization_id, ...ada, session_duration_minutes: 60 })
}
