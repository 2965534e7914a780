// An app that has installed the package, run by the Node under test.
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { text } from 'node:stream/consumers'

/** A machine that runs many checks at once is slow, and not unreachable. */
const timeoutMs = 20_000

const [installed] = process.argv.slice(2)
const require = createRequire(import.meta.url)
const { exports } = JSON.parse(readFileSync('node_modules/membergate/package.json', 'utf8'))
const entryPoints = Object.keys(exports)
  .filter((path) => !path.endsWith('.json'))
  .map((path) => `membergate${path.slice(1)}`)

const person = { email_address: 'ada@acme.test', password: 'correct horse battery staple' }
const seed = {
  organizations: [
    { organization_name: 'Acme', organization_slug: 'acme', members: [{ ...person, name: 'Ada' }] }
  ]
}

if (installed === 'alone') {
  for (const entryPoint of entryPoints) await isImportedAndRequired(entryPoint)
  if (process.getBuiltinModule('node:sqlite') === undefined) await saysWhatToInstall()
  else await isServed(signsIn)
} else {
  await isServed(async (served) => {
    await signsIn(served)
    await guardsIn(served, 'express', startExpress)
    await guardsIn(served, 'koa', startKoa)
  })
}
console.log(`${process.version}, ${installed}: works`)

async function isImportedAndRequired(entryPoint) {
  const imported = await import(entryPoint)
  const required = require(entryPoint)
  assert.ok(Object.keys(imported).length > 0, entryPoint)
  for (const name of Object.keys(imported)) {
    assert.equal(required[name], imported[name], `${entryPoint}: ${name}`)
  }
}

function command(...args) {
  return spawn('node_modules/.bin/membergate', args, { stdio: ['ignore', 'pipe', 'pipe'] })
}

async function saysWhatToInstall() {
  const child = command('serve', '--outbox', '--port', '0')
  const [stderr, [code]] = await Promise.all([text(child.stderr), once(child, 'exit')])
  assert.notEqual(code, 0)
  assert.match(stderr, /npm install @photostructure\/sqlite@1/)
}

/** Runs `membergate serve --outbox` while it is used, and ends it as an operator does. */
async function isServed(use) {
  writeFileSync('seed.json', JSON.stringify(seed), { mode: 0o600 })
  rmSync('smoke.sqlite', { force: true })
  const database = ['--database', 'smoke.sqlite', '--seed', 'seed.json']
  const child = command('serve', '--outbox', '--port', '0', '--json', ...database)
  child.stderr.pipe(process.stderr)
  try {
    const [first] = await Promise.race([
      once(child.stdout, 'data'),
      once(child, 'exit').then(() => assert.fail('serve ended'))
    ])
    await use(JSON.parse(first))
  } finally {
    if (child.exitCode === null) {
      child.kill('SIGTERM')
      const [code] = await once(child, 'exit')
      assert.equal(code, 0)
    }
  }
}

async function clientOf({ url, project_id, secret }) {
  const { createClient } = await import('membergate/client')
  return createClient({ url, project_id, secret, timeoutMs })
}

async function signIn(served) {
  const client = await clientOf(served)
  return client.passwords.authenticate({ organization_id: 'acme', ...person })
}

async function signsIn(served) {
  const { AccessError, ApiError } = await import('membergate/errors')
  assert.equal(typeof AccessError, 'function')
  const client = await clientOf(served)
  const wrong = { organization_id: 'acme', ...person, password: 'not this one' }
  await assert.rejects(client.passwords.authenticate(wrong), ApiError)
  const { member, session_jwt, organization } = await signIn(served)
  assert.equal(member.name, 'Ada')
  const { member_session } = await client.sessions.authenticateJwt({ session_jwt })
  assert.equal(member_session.organization_id, organization.organization_id)
  const { score } = await client.passwords.strengthCheck({ password: 'password' })
  assert.equal(score, 0)
  await client.otps.email.loginOrSignup({
    organization_id: 'acme',
    email_address: person.email_address
  })
  const outbox = await (await fetch(new URL('outbox', served.outbox_url))).json()
  assert.equal(outbox[0].to, person.email_address)
}

async function startExpress(options) {
  const { default: express } = await import('express')
  const { createMemberAuth } = await import('membergate/express')
  const { memberOf, requireMemberSession, requirePermission } = createMemberAuth(options)
  const app = express()
  app.use(requireMemberSession())
  app.get('/me', (req, res) => void res.json(memberOf(req)))
  app.get('/denied', requirePermission('stytch.member', 'delete'), (_req, res) => void res.end())
  return app
}

async function startKoa(options) {
  const { default: Koa } = await import('koa')
  const { createMemberAuth } = await import('membergate/koa')
  const { memberOf, requireMemberSession, requirePermission } = createMemberAuth(options)
  const app = new Koa()
  const requireDelete = requirePermission('stytch.member', 'delete')
  app.use(requireMemberSession())
  app.use((ctx) =>
    ctx.path === '/denied'
      ? requireDelete(ctx, async () => {})
      : Object.assign(ctx, { body: memberOf(ctx) })
  )
  return app.callback()
}

async function guardsIn(served, framework, start) {
  const { url, project_id, secret } = served
  const server = createServer(await start({ url, project_id, secret, timeoutMs }))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { member, session_jwt, session_token } = await signIn(served)
  const get = (path, token) =>
    fetch(`http://127.0.0.1:${server.address().port}${path}`, {
      headers: token === undefined ? {} : { authorization: `Bearer ${token}` }
    })
  assert.equal((await get('/me')).status, 401, framework)
  for (const token of [session_jwt, session_token]) {
    const answer = await get('/me', token)
    assert.equal(answer.status, 200, framework)
    assert.equal((await answer.json()).member_id, member.member_id)
  }
  assert.equal((await get('/denied', session_jwt)).status, 403, framework)
  server.close()
  server.closeAllConnections()
}
