import { chmod, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inspect } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createAuthority } from 'membergate/authority'
import pg from 'pg'
import { DatabaseUnavailable } from '../../src/authority/store/engine.ts'
import { openPostgres } from '../../src/authority/store/postgres.ts'
import type { PostgresOptions } from '../../src/authority/store/postgres-connection.ts'
import { type CertificateAuthority, newCertificateAuthority } from '../support/certificates.ts'
import { describeWhere } from '../support/describe-where.ts'
import { type Cluster, startCluster, whyNoCluster } from '../support/postgres-cluster.ts'
import { type RecordingProxy, startRecordingProxy } from '../support/recording-proxy.ts'
import { runCli } from '../support/run-cli.ts'

const password = 'hunter2-and-more'
const key = Buffer.alloc(32, 7).toString('base64url')
/** It leads to this machine, and is no loopback address: another machine could answer in its place. */
const elsewhere = '0.0.0.0'
const verified = ['', 'prefer', 'require', 'verify-ca', 'verify-full']
const unverified = ['disable', 'no-verify']
const dangerously = { dangerouslyAllowUnverifiedDatabase: true }

const need = {
  name: 'PostgreSQL on another machine',
  missing: whyNoCluster,
  requiredAs: 'postgres-server'
}

describeWhere(need, () => {
  let trusted: CertificateAuthority
  let other: CertificateAuthority
  let cluster: Cluster
  let proxy: RecordingProxy

  beforeAll(async () => {
    trusted = await newCertificateAuthority()
    other = await newCertificateAuthority()
    cluster = await startCluster()
    proxy = await startRecordingProxy(cluster.port)
    await sql(`create role ada login superuser password '${password}'`)
    await sql('create role grace login superuser')
    await sql(
      `alter system set ssl_ca_file = '${await cluster.write('ca.pem', trusted.certificate)}'`
    )
    await cluster.write(
      'data/pg_hba.conf',
      [
        'local all all trust',
        'host all ada 127.0.0.1/32 password',
        'hostssl all grace 127.0.0.1/32 cert',
        'host all postgres 127.0.0.1/32 trust'
      ].join('\n')
    )
    await serveTls(trusted)
  }, 60_000)

  afterAll(async () => {
    await proxy.close()
    await cluster.remove()
  })

  /** As an administrator of the server, by its socket. */
  async function sql(text: string): Promise<void> {
    const client = new pg.Client({ host: cluster.folder, port: cluster.port, user: 'postgres' })
    await client.connect()
    await client.query(text)
    await client.end()
  }

  /** With a certificate for `elsewhere`, or without any. */
  async function serveTls(authority: CertificateAuthority | undefined): Promise<void> {
    if (authority === undefined) await sql('alter system set ssl = off')
    else {
      const { certificate, key } = await authority.issue('postgres', `IP:${elsewhere}`)
      const files = [
        await cluster.write('server.pem', certificate),
        await cluster.write('server.key', key)
      ]
      await sql(`alter system set ssl_cert_file = '${files[0]}'`)
      await sql(`alter system set ssl_key_file = '${files[1]}'`)
      await sql('alter system set ssl = on')
    }
    await cluster.reload()
  }

  interface Place {
    readonly host?: string
    readonly sslmode?: string
    readonly sslrootcert?: string
  }

  /** Parameters without a value are left out. */
  function urlOf({ host = elsewhere, ...parameters }: Place = {}): string {
    const given = Object.entries(parameters).filter(([, value]) => value !== '')
    return `postgres://ada:${password}@${host}:${proxy.port}/postgres?${new URLSearchParams(given)}`
  }

  /** How the server saw the connection, or what was thrown. Nothing that is thrown may hold the password. */
  async function open(url: string, options?: PostgresOptions): Promise<unknown> {
    try {
      const engine = await openPostgres(url, options)
      try {
        return await engine.exclusively(async () => {
          const [row] = await engine.read(
            'select ssl from pg_stat_ssl where pid = pg_backend_pid()',
            []
          )
          return row?.ssl
        })
      } finally {
        await engine.close()
      }
    } catch (error) {
      expect(inspect(error)).not.toContain(password)
      return error
    }
  }

  const refused = (message: RegExp) =>
    expect.objectContaining({
      code: 'config_invalid',
      message: expect.stringMatching(message)
    })

  function expectPasswordUnsent(): void {
    expect(proxy.sent().includes(password)).toBe(false)
  }

  test('a recording shows what is sent without TLS', async () => {
    expect(await open(urlOf({ sslmode: 'disable' }), dangerously)).toBe(false)
    expect(proxy.sent().includes(password)).toBe(true)
  })

  test.each(verified)('sslmode "%s" is verified TLS', async (sslmode) => {
    expect(await open(urlOf({ sslmode, sslrootcert: trusted.path }))).toBe(true)
    expectPasswordUnsent()
  })

  test.each(verified)(
    'sslmode "%s" refuses a certificate of another authority',
    async (sslmode) => {
      for (const sslrootcert of [other.path, '']) {
        expect(await open(urlOf({ sslmode, sslrootcert }))).toEqual(
          refused(/not signed by a trusted authority.*sslrootcert/)
        )
      }
      expectPasswordUnsent()
    }
  )

  test.each(verified.slice(1))(
    'sslmode "%s" refuses a certificate for another host',
    async (sslmode) => {
      for (const host of ['127.0.0.1', '127.1']) {
        expect(await open(urlOf({ host, sslmode, sslrootcert: trusted.path }))).toEqual(
          refused(/certificate of the database is not for 127/)
        )
      }
      expectPasswordUnsent()
    }
  )

  test.each(unverified)('sslmode "%s" is refused without the dangerous option', async (sslmode) => {
    const url = urlOf({ sslmode, sslrootcert: trusted.path })
    const error = refused(new RegExp(`sslmode "${sslmode}".*dangerouslyAllowUnverifiedDatabase`))
    expect(await open(url)).toEqual(error)
    const options = { database: url, keys: [key] }
    await expect(createAuthority(options)).rejects.toEqual(error)
    expect(proxy.sent()).toBe('')
  })

  test('sslmode "no-verify" takes any certificate, with the dangerous option', async () => {
    await serveTls(other)
    expect(await open(urlOf({ sslmode: 'no-verify' }), dangerously)).toBe(true)
    await serveTls(trusted)
  })

  test('the dangerous option alone weakens nothing', async () => {
    expect(await open(urlOf(), dangerously)).toEqual(refused(/not signed by/))
    expectPasswordUnsent()
  })

  test('a server without TLS is sent nothing', async () => {
    await serveTls(undefined)
    for (const sslmode of verified) {
      expect(await open(urlOf({ sslmode }))).toEqual(refused(/offers no TLS/))
    }
    await serveTls(trusted)
    const sslRequest = Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]).toString('latin1')
    expect(proxy.sent()).toBe(sslRequest.repeat(verified.length))
  })

  test('a connection of requests that cannot be verified is an outage', async () => {
    const engine = await openPostgres(urlOf({ sslrootcert: other.path }))
    const error = await engine.read('select 1', []).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(DatabaseUnavailable)
    expect(error).toMatchObject({ cause: refused(/not signed by/) })
    await engine.close()
  })

  test('this machine and its socket are reached as they were', async () => {
    for (const host of ['127.0.0.1', 'localhost', '[::ffff:127.0.0.1]']) {
      expect(await open(urlOf({ host }))).toBe(false)
    }
    const socket = encodeURIComponent(cluster.folder)
    expect(await open(`postgres://ada@${socket}:${cluster.port}/postgres`)).toBe(false)
    expect(await open(`postgres://ada@/postgres?host=${cluster.folder}&port=${cluster.port}`)).toBe(
      false
    )
  })

  describe('with sslcert and sslkey', () => {
    async function urlOfGrace(mode: number): Promise<string> {
      const { certificate, key } = await trusted.issue('grace')
      const files = {
        sslcert: join(cluster.folder, 'g.pem'),
        sslkey: join(cluster.folder, 'g.key')
      }
      await writeFile(files.sslcert, certificate)
      await writeFile(files.sslkey, key)
      await chmod(files.sslkey, mode)
      const parameters = new URLSearchParams({ ...files, sslrootcert: trusted.path })
      return `postgres://grace@${elsewhere}:${proxy.port}/postgres?${parameters}`
    }

    test('a certificate says who connects', async () => {
      expect(await open(await urlOfGrace(0o600))).toBe(true)
    })

    test('a key that others may read is refused', async () => {
      expect(await open(await urlOfGrace(0o640))).toEqual(refused(/chmod 600 .*g\.key/))
    })
  })

  describe('membergate', () => {
    async function audit(env: Record<string, string>, ...flags: string[]) {
      const { code, stdout, stderr } = await runCli(['audit', ...flags], env)
      expect(stdout + stderr).not.toContain(password)
      return { code, stderr }
    }

    beforeAll(async () => {
      const database = urlOf({ sslrootcert: trusted.path })
      await (await createAuthority({ database, keys: [key] })).close()
    })

    test('takes a database from its variable, and says in one line what is wrong', async () => {
      const right = { MEMBERGATE_DATABASE: urlOf({ sslrootcert: trusted.path }) }
      expect(await audit(right)).toEqual({ code: 0, stderr: '' })
      const wrong = { MEMBERGATE_DATABASE: urlOf({ sslrootcert: other.path }) }
      const { code, stderr } = await audit(wrong)
      expect(stderr).toMatch(/^membergate: --database cannot be opened: .*sslrootcert=<file>\n$/)
      expect(code).toBe(2)
    })

    test('reaches another machine without TLS with a flag that says dangerously', async () => {
      const env = { MEMBERGATE_DATABASE: urlOf({ sslmode: 'disable' }) }
      const { stderr } = await audit(env)
      expect(stderr).toContain('--dangerously-allow-unverified-database')
      expect(await audit(env, '--dangerously-allow-unverified-database')).toEqual({
        code: 0,
        stderr: ''
      })
    })

    test('finds no way around by a variable', async () => {
      proxy.sent()
      const nowhere = `postgres://ada:${password}@/postgres`
      const env = { PGHOST: elsewhere, PGPORT: String(proxy.port) }
      expect((await audit(env, '--database', nowhere)).stderr).toContain('not signed by')
      const modes = { PGSSLMODE: 'disable', NODE_TLS_REJECT_UNAUTHORIZED: '0' }
      expect((await audit(modes, '--database', urlOf())).stderr).toContain('PGSSLMODE "disable"')
      const node = { NODE_TLS_REJECT_UNAUTHORIZED: '0' }
      expect((await audit(node, '--database', urlOf())).stderr).toContain('not signed by')
      expectPasswordUnsent()
    })

    test('takes the password from the file that PGPASSFILE names, if nobody else may', async () => {
      const database = urlOf({ sslrootcert: trusted.path }).replace(`:${password}`, '')
      const file = join(cluster.folder, 'passwords')
      await writeFile(file, `# ours\n${elsewhere}:*:postgres:ada:${password}\n`, { mode: 0o600 })
      const env = { PGPASSFILE: file }
      expect(await audit(env, '--database', database)).toEqual({ code: 0, stderr: '' })
      await chmod(file, 0o644)
      expect((await audit(env, '--database', database)).stderr).toContain(`chmod 600 ${file}`)
      expect((await audit({}, '--database', database)).stderr).toContain('password')
    })
  })
})
