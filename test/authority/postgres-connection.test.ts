import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterEach, describe, expect, test } from '@jest/globals'
import pg from 'pg'
import { readPostgresUrl } from '../../src/authority/store/postgres-connection.ts'
import { newFolder } from '../support/new-folder.ts'

const { PGHOST, PGPASSFILE } = process.env

afterEach(() => {
  for (const [name, value] of Object.entries({ PGHOST, PGPASSFILE })) {
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
})

function read(url: string, env: Record<string, string> = {}) {
  const nobody = { PGPASSFILE: '/no-such-file' }
  return readPostgresUrl(url, {}, { ...nobody, ...env })
}

describe('the host is where the driver goes', () => {
  test.each([
    ['postgres://ada:pw@db.example/app', 'db.example', true],
    ['postgres://ada:pw@db.example:6432/app?host=127.0.0.1', '127.0.0.1', false],
    ['postgres://ada:pw@127.0.0.1/app?host=db.example', 'db.example', true],
    ['postgres://ada:pw@127.0.0.1/app?host=127.0.0.1&host=db.example', 'db.example', true],
    ['postgres://ada:pw@[::1]/app', '::1', false],
    ['postgres://ada:pw@[2001:db8::1]/app', '2001:db8::1', true],
    ['postgres://ada:pw@127.0.0.9/app', '127.0.0.9', false],
    ['postgres://ada:pw@localhost/app', 'localhost', false],
    ['postgres://ada:pw@localhost.example/app', 'localhost.example', true],
    ['postgres://ada:pw@127.0.0.1.example/app', '127.0.0.1.example', true],
    ['postgres://%2Frun%2Fpostgresql/app', '/run/postgresql', false],
    ['postgres:///app?host=/run/postgresql', '/run/postgresql', false],
    ['postgres://ada:pw@/app?host=/run/postgresql', '/run/postgresql', false],
    ['postgres://ada:pw@/app', 'db.of-the-variable.example', true],
    ['postgres:///app', 'db.of-the-variable.example', true],
    ['postgres:///app?host=', 'db.of-the-variable.example', true]
  ])('%s', (url, host, isVerified) => {
    process.env.PGHOST = 'db.of-the-variable.example'
    const connection = readPostgresUrl(url, {}, process.env)
    expect(connection.host).toBe(host)
    expect(new pg.Client(url).host).toBe(host)
    expect(new pg.Client(connection)).toMatchObject({
      host,
      ssl: isVerified && { host, rejectUnauthorized: true }
    })
  })

  test('and without any, this machine', () => {
    expect(read('postgres:///app')).toMatchObject({ host: 'localhost', port: 5432, ssl: false })
  })
})

test('what the URL leaves out, the variables say', () => {
  const env = { PGUSER: 'ada', PGPASSWORD: 'pw', PGDATABASE: 'app', PGPORT: '6432' }
  const { password, ...others } = read('postgres://', env)
  expect(others).toMatchObject({ user: 'ada', database: 'app', port: 6432 })
  expect(password()).toBe('pw')
  expect(read('postgres://grace:own@/', env)).toMatchObject({ user: 'grace' })
  expect(read('postgres://grace:own@/', env).password()).toBe('own')
})

test('what is percent-encoded is decoded, and the options of a session stay', () => {
  const url =
    'postgres://a%40b:p%23%25w@db.example/a%20b?options=-c%20search_path%3Dx&application_name=y'
  const connection = read(url)
  expect(connection).toMatchObject({
    user: 'a@b',
    database: 'a b',
    options: '-c search_path=x',
    application_name: 'y'
  })
  expect(connection.password()).toBe('p#%w')
})

describe('a mode', () => {
  const verified = { host: 'db.example', rejectUnauthorized: true }

  test.each([
    ['ssl=true', {}, verified],
    ['ssl=1', {}, verified],
    ['sslmode=require&uselibpqcompat=true', {}, verified],
    ['sslmode=disable&sslmode=require', {}, verified],
    ['', { PGSSLMODE: 'require' }, verified],
    ['sslmode=verify-full', { PGSSLMODE: 'disable' }, verified]
  ])('%s with %j', (parameters, env, ssl) => {
    expect(read(`postgres://db.example/app?${parameters}`, env).ssl).toEqual(ssl)
  })

  test.each([
    ['sslmode=disable', {}, 'sslmode "disable"'],
    ['sslmode=require&sslmode=disable', {}, 'sslmode "disable"'],
    ['ssl=false', {}, 'ssl "disable"'],
    ['ssl=0', {}, 'ssl "disable"'],
    ['ssl=no-verify', {}, 'ssl "no-verify"'],
    ['', { PGSSLMODE: 'no-verify' }, 'PGSSLMODE "no-verify"'],
    ['', { PGSSLMODE: 'allow' }, 'PGSSLMODE must be one of'],
    ['sslmode=constructor', {}, 'sslmode must be one of'],
    ['sslrootcert=/no-such-file', {}, 'sslrootcert /no-such-file cannot be read']
  ])('%s with %j is refused', (parameters, env, message) => {
    expect(() => read(`postgres://db.example/app?${parameters}`, env)).toThrow(
      expect.objectContaining({
        code: 'config_invalid',
        message: expect.stringContaining(message)
      })
    )
  })

  test('counts on this machine too, and a socket has no use for one', () => {
    expect(read('postgres://127.0.0.1/app?sslmode=require').ssl).toMatchObject({
      rejectUnauthorized: true
    })
    expect(read('postgres://127.0.0.1/app?sslmode=no-verify').ssl).toMatchObject({
      rejectUnauthorized: false
    })
    expect(read('postgres:///app?host=/run&sslmode=require').ssl).toBe(false)
  })
})

describe('a URL that cannot be read is refused, and not repeated', () => {
  test.each([
    'postgres://ada:hunter2@one.example:5432,two.example:5432/app',
    'postgres://ada:hunter2@one.example,two.example/app',
    'postgres://ada:hunter2@/app?host=one.example,two.example',
    'postgres://ada:hunter2@db.example:x/app',
    'postgres://ada:hunter2@db.example/app?port=70000',
    'postgres://ada:12#hunter2@db.example/app',
    'postgres://ada:hunter2%zz@db.example/app'
  ])('%s', (url) => {
    let thrown: unknown
    try {
      read(url)
    } catch (error) {
      thrown = error
    }
    expect(thrown).toMatchObject({ code: 'config_invalid' })
    expect(inspect(thrown)).not.toContain('hunter2')
  })
})

describe('the file of passwords', () => {
  test.each([
    ['db.example:5432:app:ada:right', 'right'],
    ['*:*:*:*:right', 'right'],
    ['#*:*:*:*:wrong\ndb.example:*:app:ada:right\n*:*:*:*:wrong', 'right'],
    ['db.example:5433:app:ada:wrong\ndb.example:5432:other:ada:wrong\n*:*:*:*:right\r\n', 'right'],
    ['*:*:*:ada:r\\:ig\\\\ht', 'r:ig\\ht'],
    ['other.example:*:*:*:wrong\n*:*:*:ada', 'none']
  ])('%j', async (content, password) => {
    const PGPASSFILE = join(await newFolder(), 'passwords')
    await writeFile(PGPASSFILE, content, { mode: 0o600 })
    const url = 'postgres://ada@db.example/app'
    expect(read(url, { PGPASSFILE }).password()).toBe(password)
    expect(read(url, { PGPASSFILE, PGPASSWORD: 'of it' }).password()).toBe('of it')
  })

  test('knows a socket as localhost', async () => {
    const PGPASSFILE = join(await newFolder(), 'passwords')
    await writeFile(PGPASSFILE, 'localhost:*:*:*:right', { mode: 0o600 })
    expect(read('postgres://ada@/app?host=/run', { PGPASSFILE }).password()).toBe('right')
  })
})
