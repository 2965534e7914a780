import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { DatabaseUnavailable, type Engine } from '../../src/authority/store/engine.ts'
import { openSqlite } from '../../src/authority/store/sqlite.ts'

let folder: string
let path: string
let engine: Engine

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'membergate-sqlite-'))
  path = join(folder, 'authority.db')
  engine = await openSqlite(path)
  await engine.migrate(['create table texts (content text not null)'])
})

afterEach(async () => {
  await engine.close()
  await rm(folder, { recursive: true })
})

function insert(content: string) {
  const sql = 'insert into texts (content) values ($1)'
  return engine.runUnit([{ sql, values: [content], guarded: false }])
}

test('a file that is full is unavailable, and goes on when there is room', async () => {
  const [row] = await engine.read('pragma page_count', [])
  await engine.read(`pragma max_page_count = ${Number(row?.page_count) + 2}`, [])
  const failure = await insert('x'.repeat(100_000)).catch((error: unknown) => error)
  expect(failure).toBeInstanceOf(DatabaseUnavailable)
  expect(failure).toMatchObject({ cause: { errcode: 13 } })

  await engine.read('pragma max_page_count = 1000', [])
  expect(await insert('x'.repeat(100_000))).toEqual({ done: true })
})

describe('the files', () => {
  const suffixes = ['', '-wal', '-shm', '-lock']
  let umask: number

  beforeEach(() => {
    umask = process.umask(0o022)
  })

  afterEach(() => {
    process.umask(umask)
  })

  async function modesOf(file: string): Promise<readonly number[]> {
    const files = await Promise.all(suffixes.map((suffix) => stat(file + suffix)))
    return files.map(({ mode }) => mode & 0o777)
  }

  test('are readable by their owner only', async () => {
    await insert('secret')
    expect(await modesOf(path)).toEqual(suffixes.map(() => 0o600))
  })

  test.each([
    ['a URI', async (file: string) => `file:${file}`],
    ['a URI with a host', async (file: string) => `file://localhost${file}?cache=private`],
    ['a URI with an escape', async (file: string) => `file:${file.replace('new', '%6Eew')}#x`],
    ['a relative path', async (file: string) => relative(process.cwd(), file)],
    [
      'a link that leads to no file yet',
      async (file: string) => {
        await symlink(file, `${file}-link`)
        return `${file}-link`
      }
    ],
    [
      'a URI of such a link',
      async (file: string) => {
        await symlink(file, `${file}-link`)
        return `file:${file}-link`
      }
    ]
  ])('that %s makes are so too', async (_, nameOf) => {
    const file = join(folder, 'new.db')
    const made = await openSqlite(await nameOf(file))
    await made.migrate(['create table texts (content text not null)'])
    expect(await modesOf(file)).toEqual(suffixes.map(() => 0o600))
    await made.close()
  })

  test.each([':memory:', 'file::memory:', 'file:nothing?mode=memory', 'file:nothing?mode=ro'])(
    '%s makes none',
    async (name) => {
      const before = await readdir('.')
      const opened = await openSqlite(name).catch(() => undefined)
      await opened?.close()
      expect(await readdir('.')).toEqual(before)
    }
  )

  test.each(['', '-wal', '-shm', '-journal'])(
    'are refused where others may read %j, with the line to run',
    async (suffix) => {
      const served = await openSqlite(path, 'beside')
      const file = path + suffix
      await writeFile(file, '', { flag: 'a' })
      for (const mode of [0o640, 0o604, 0o620, 0o644]) {
        await chmod(file, mode)
        for (const use of ['serve', 'beside'] as const) {
          await expect(openSqlite(path, use)).rejects.toMatchObject({
            code: 'config_invalid',
            message: `Others may read what is secret. Run: chmod 600 ${file}`
          })
        }
      }
      await chmod(file, 0o600)
      if (suffix !== '-journal') await (await openSqlite(path)).close()
      await served.close()
    }
  )

  test('are named in one line that a shell understands', async () => {
    const file = join(folder, "it's new.db")
    await writeFile(file, '')
    await writeFile(`${file}-wal`, '')
    const error = await openSqlite(file).catch((thrown: unknown) => thrown)
    const [, line = ''] = /Run: (.*)$/.exec(String(error)) ?? []
    await promisify(execFile)('sh', ['-c', line])
    await (await openSqlite(file)).close()
  })
})

test('the text of a thousand statements that are not used again is not kept', async () => {
  const before = usedHeap()
  for (let index = 0; index < 1000; index += 1) {
    await engine.read(`select ${index} -- ${'x'.repeat(100_000)}`, [])
  }
  // Some versions of Node let go of a statement only in later turns of the event loop.
  for (let turn = 0; turn < 50 && usedHeap() - before > 50_000_000; turn += 1) await setImmediate()
  expect(usedHeap() - before).toBeLessThan(50_000_000)
})

describe('units of one turn of the event loop', () => {
  const texts = async () =>
    (await engine.read('select content from texts order by rowid', [])).map(
      ({ content }) => content
    )
  const guard = { sql: "update texts set content = 'x' where content = 'none'", values: [] }

  test('share a commit, and each is answered after it', async () => {
    const other = await openSqlite(path, 'beside')
    const seen = await Promise.all(
      Array.from({ length: 250 }, async (_, index) => {
        await insert(`text ${index}`)
        const [row] = await other.read('select count(*) as total from texts where content = $1', [
          `text ${index}`
        ])
        return Number(row?.total)
      })
    )
    expect(new Set(seen)).toEqual(new Set([1]))
    await other.close()
  })

  test('are carried out in their order', async () => {
    const order = Array.from({ length: 250 }, (_, index) => `text ${index}`)
    await Promise.all(order.map(insert))
    expect(await texts()).toEqual(order)
  })

  test('do not suffer from one whose guard is not met, nor from one that fails', async () => {
    const outcomes = await Promise.allSettled([
      insert('before'),
      engine.runUnit([
        { sql: "insert into texts (content) values ('undone')", values: [], guarded: false },
        { ...guard, guarded: true }
      ]),
      engine.runUnit([
        { sql: "insert into texts (content) values ('undone too')", values: [], guarded: false },
        { sql: 'insert into texts (content) values (null)', values: [], guarded: false }
      ]),
      insert('after')
    ])
    expect(outcomes).toMatchObject([
      { status: 'fulfilled', value: { done: true } },
      { status: 'fulfilled', value: { done: false, statement: 1, violated: undefined } },
      { status: 'rejected', reason: { errcode: 1299 } },
      { status: 'fulfilled', value: { done: true } }
    ])
    expect(await texts()).toEqual(['before', 'after'])
  })

  test('are each by themselves where one takes the whole transaction with it', async () => {
    await engine.read(
      "create trigger undo_all before insert on texts when new.content = 'fatal' begin select raise(rollback, 'all'); end",
      []
    )
    const outcomes = await Promise.allSettled(['before', 'fatal', 'after'].map(insert))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await texts()).toEqual(['before', 'after'])
  })

  test('that wait when the database is closed are carried out first', async () => {
    const waiting = insert('last')
    await engine.close()
    expect(await waiting).toEqual({ done: true })
    await expect(insert('too late')).rejects.toBeInstanceOf(DatabaseUnavailable)
    engine = await openSqlite(path)
    expect(await texts()).toEqual(['last'])
  })

  test('are unavailable together where no transaction can begin', async () => {
    const rival = await openSqlite(path, 'beside')
    await engine.read('pragma busy_timeout = 10', [])
    await rival.read('begin immediate', [])
    const outcomes = await Promise.allSettled([insert('one'), insert('other')])
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: expect.any(DatabaseUnavailable) })
    }
    await rival.read('rollback', [])
    expect(await insert('one')).toEqual({ done: true })
    await rival.close()
  })
})

describe('a file', () => {
  const root = fileURLToPath(new URL('../..', import.meta.url))

  /** Opens the file in another process, and says why not. */
  function openElsewhere(file: string): Promise<{ child: ChildProcess; said: string }> {
    const code = `import { openSqlite } from './src/authority/store/sqlite.ts'
      try { await openSqlite(process.argv[1]); console.log('opened'); setInterval(() => {}, 1000) }
      catch (error) { console.log(error.name + ': ' + error.message) }`
    const child = spawn(
      process.execPath,
      ['--no-warnings', '--import', 'tsx', '--input-type=module', '--eval', code, file],
      { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] }
    )
    return once(child.stdout, 'data').then(([said]) => ({ child, said: String(said).trim() }))
  }

  test('ST-06: belongs to one process, and a second is told which', async () => {
    await symlink(path, `${path}-link`)
    for (const name of [path, `${path}-link`]) {
      const { said } = await openElsewhere(name)
      expect(said).toMatch(/^ConfigError: /)
      expect(said).toContain(`is in use by process ${process.pid}:`)
    }
  }, 60_000)

  test('ST-06: is free again once its process was killed', async () => {
    await engine.close()
    const { child, said } = await openElsewhere(path)
    expect(said).toBe('opened')
    await expect(openSqlite(path)).rejects.toMatchObject({
      code: 'config_invalid',
      message: expect.stringContaining(`process ${child.pid}:`)
    })
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
    engine = await openSqlite(path)
  }, 60_000)

  test('may be opened several times by one process, and is given back with the last', async () => {
    const again = await openSqlite(path)
    await engine.close()
    expect((await openElsewhere(path)).said).toMatch(/in use/)
    await again.close()
    const { child, said } = await openElsewhere(path)
    expect(said).toBe('opened')
    const exit = once(child, 'exit')
    child.kill('SIGKILL')
    await exit
    engine = await openSqlite(path)
  }, 60_000)
})

test('ST-15: a backup that was made while units ran is whole, and opens', async () => {
  const writing = Promise.all(Array.from({ length: 300 }, (_, index) => insert(`text ${index}`)))
  const other = await openSqlite(path, 'beside')
  const umask = process.umask(0o077)
  await other.read('vacuum into $1', [`${path}-copy`])
  process.umask(umask)
  await other.close()
  await writing
  const copy = await openSqlite(`${path}-copy`)
  expect(await copy.read('pragma integrity_check', [])).toEqual([{ integrity_check: 'ok' }])
  await copy.close()
})

function usedHeap(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  return process.memoryUsage().heapUsed
}
