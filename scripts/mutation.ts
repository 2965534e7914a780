import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Check, findChecks } from './mutation/find-checks.ts'
import { instrument } from './mutation/instrument.ts'

// npm run mutation [-- --only src/core] [--list] [--limit N] [--suites 'test/(jwt|core)/'] [--again]
//
// Switches each check off in turn, and looks for a test that fails without it. Nothing in src/ is touched: Jest is given
// instrumented copies, in which a check is switched on and off while the tests run.
//
// 1. Every suite runs once and notes which tests each check fires in. A suite whose text and checks are as before is not
//    run again.
// 2. Each check is switched off in tests in which it fired, in the cheapest suite first, until one fails. What was found
//    holds as long as the file of the check stays as it is.
// 3. What no test has missed is listed, with where it stands. `test/mutation-survivors.md` says why it may.

const root = fileURLToPath(new URL('..', import.meta.url))
const folder = join(root, 'test-output/mutation')
const stateFile = join(folder, 'state.json')

const sourceFolders = [
  'src/core',
  'src/rbac',
  'src/jwt',
  'src/authority/handlers',
  'src/authority/steps',
  'src/authority/domain'
]

/** Suites that run what is in `src/` in this process, and need neither a browser nor a package. */
const suiteFolders = [
  'authority',
  'client',
  'core',
  'entry-points',
  'examples',
  'jwt',
  'promises',
  'rbac',
  'testing'
]

/** Tests of one suite in which a check is tried before the next suite. */
const testsPerSuite = 4
/** What it takes to start a suite at all. */
const processSeconds = 5
const suiteTimeoutMs = 600_000

interface Seen {
  readonly fired: readonly string[]
  readonly reached: readonly string[]
}

interface Report {
  readonly suite: string
  readonly seconds: number
  readonly seen: Readonly<Record<string, Seen>>
  readonly results: readonly {
    readonly mutant?: string
    readonly test: string
    readonly failed: boolean
  }[]
}

interface State {
  /** What each suite has seen, by its path, with the hash of its text and of the sources that it ran. */
  suites: Record<string, Pick<Report, 'seconds' | 'seen'> & { readonly hash: string }>
  /** The test that misses the check, by what it is and the hash of its file, wherever that lies. */
  killed: Record<string, string>
}

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: '' },
    list: { type: 'boolean', default: false },
    limit: { type: 'string', default: 'Infinity' },
    suites: { type: 'string', default: '' },
    again: { type: 'boolean', default: false }
  }
})

main()

function main(): void {
  const sources = readSources()
  const all = [...sources.values()].flatMap(({ checks }) => checks)
  const chosen = all
    .filter(({ path }) => path.startsWith(options.only))
    .slice(0, Number(options.limit))
  if (options.list) {
    for (const check of chosen) console.log(describe(check))
    console.log(`${chosen.length} checks`)
    return
  }

  prepare(sources)
  const state = readState()
  recordSuites(state, all, sources)
  const keyOf = ({ id, path }: Check) => `${id.replace(path, '')} ${sources.get(path)?.hash}`
  const open = () => chosen.filter((check) => state.killed[keyOf(check)] === undefined)
  tryChecks(state, open, keyOf)

  const survivors = open()
  console.log(
    `\n${chosen.length - survivors.length} of ${chosen.length} checks are missed by a test.`
  )
  for (const check of survivors) console.log(`  ${describe(check)}`)
  const explained = readFileSync(join(root, 'test/mutation-survivors.md'), 'utf8')
  const unexplained = survivors.filter(({ id }) => !explained.includes(`\`${id}\``))
  console.log(`${survivors.length} are not; ${unexplained.length} of them without a reason.`)
  process.exitCode = unexplained.length === 0 ? 0 : 1
}

interface Source {
  readonly text: string
  readonly hash: string
  readonly checks: readonly Check[]
}

function readSources(): ReadonlyMap<string, Source> {
  const paths = sourceFolders.flatMap((from) => filesIn(from, '.ts')).sort()
  return new Map(
    paths.map((path) => {
      const text = readFileSync(join(root, path), 'utf8')
      return [path, { text, hash: hashOf(text), checks: findChecks(path, text) }]
    })
  )
}

/** Writes what Jest needs: its configuration, and the instrumented sources. */
function prepare(sources: ReadonlyMap<string, Source>): void {
  mkdirSync(folder, { recursive: true })
  const texts = [...sources].map(([path, { text, checks }]) => [
    join(root, path),
    instrument(text, checks)
  ])
  writeFileSync(join(folder, 'sources.json'), JSON.stringify(Object.fromEntries(texts)))
  writeFileSync(
    join(folder, 'jest.config.js'),
    `import base from '${root}jest.config.js'
const [, [, swc]] = Object.entries(base.transform)[0]
export default {
  ...base,
  rootDir: '${root}',
  reporters: [],
  testTimeout: 30_000,
  testEnvironment: '${root}scripts/mutation/environment.js',
  testEnvironmentOptions: { folder: '${folder}' },
  transform: { '\\\\.ts$': ['${root}scripts/mutation/transform.js', { ...swc, sources: '${folder}/sources.json' }] }
}
`
  )
}

function recordSuites(
  state: State,
  checks: readonly Check[],
  sources: ReadonlyMap<string, Source>
): void {
  const suites = suiteFolders
    .flatMap((from) => filesIn(`test/${from}`, '.test.ts'))
    .filter((suite) => new RegExp(options.suites).test(suite))
    .sort()
  for (const known of Object.keys(state.suites)) {
    if (!existsSync(join(root, known))) delete state.suites[known]
  }
  suites.forEach((suite, index) => {
    const text = readFileSync(join(root, suite), 'utf8')
    const seen = state.suites[suite]?.seen ?? {}
    const isKnown = state.suites[suite]?.hash === hashOf(text + pathsOf(seen, checks, sources))
    if (isKnown && !options.again) return
    const report = runSuite(suite)
    if (report === undefined) return
    state.suites[suite] = {
      seconds: report.seconds,
      seen: report.seen,
      hash: hashOf(text + pathsOf(report.seen, checks, sources))
    }
    writeState(state)
    console.log(`${index + 1}/${suites.length} ${suite}: ${report.seconds} s`)
  })
}

/** The hashes of the sources whose checks the suite reaches. */
function pathsOf(
  seen: State['suites'][string]['seen'],
  checks: readonly Check[],
  sources: ReadonlyMap<string, Source>
): string {
  const paths = new Set(checks.filter(({ id }) => seen[id] !== undefined).map(({ path }) => path))
  return [...paths].map((path) => sources.get(path)?.hash).join(' ')
}

/** Switches the checks off, suite by suite: next is always the one that may miss the most in the least time. */
function tryChecks(
  state: State,
  open: () => readonly Check[],
  keyOf: (check: Check) => string
): void {
  for (const kind of ['fired', 'reached'] as const) {
    const left = new Map(Object.entries(state.suites))
    for (;;) {
      const checks = new Map(open().map((check) => [check.id, check]))
      const [next] = [...left]
        .map(([suite, { seen, seconds }]) => {
          const ids = [...checks.keys()].filter((id) => (seen[id]?.[kind].length ?? 0) > 0)
          return { suite, seen, ids, worth: ids.length / (seconds + processSeconds) }
        })
        .sort((one, other) => other.worth - one.worth)
      if (next === undefined || next.ids.length === 0) break
      left.delete(next.suite)
      for (const [id, test] of killedBy(next.suite, triesOf(next.ids, next.seen, kind))) {
        const check = checks.get(id)
        if (check !== undefined) state.killed[keyOf(check)] = `${next.suite}: ${test}`
      }
      writeState(state)
      console.log(`${next.suite}: ${checks.size - open().length} of ${next.ids.length} are missed`)
    }
  }
}

/** The checks to switch off in each test. */
function triesOf(
  ids: readonly string[],
  seen: Readonly<Record<string, Seen>>,
  kind: keyof Seen
): Record<string, string[]> {
  const tries: Record<string, string[]> = {}
  for (const id of ids) {
    for (const test of (seen[id]?.[kind] ?? []).slice(0, testsPerSuite)) {
      tries[test] = [...(tries[test] ?? []), id]
    }
  }
  return tries
}

/**
 * The checks that a test has missed, with that test. One that fails with everything on, after all, may have failed for
 * what another check has let through: those are tried again, each in a process of its own.
 */
function killedBy(
  suite: string,
  tries: Readonly<Record<string, readonly string[]>>
): readonly (readonly [string, string])[] {
  const report = runSuite(suite, tries)
  if (report === undefined) {
    const all = [...new Set(Object.values(tries).flat())]
    return all.length === 1
      ? all.map((id) => [id, 'does not end'] as const)
      : all.flatMap((id) => killedBy(suite, onlyOf(tries, id)))
  }
  const isAlone = new Set(Object.values(tries).flat()).size === 1
  const spoiled = new Set(
    report.results
      .filter(({ mutant, failed }) => mutant === undefined && failed)
      .map(({ test }) => test)
  )
  const failed = report.results.filter((result) => result.failed && result.mutant !== undefined)
  const sure = failed.filter(({ test }) => isAlone || !spoiled.has(test))
  const unsure = new Set(
    failed.filter(({ test }) => !isAlone && spoiled.has(test)).map(({ mutant = '' }) => mutant)
  )
  return [
    ...sure.map(({ mutant = '', test }) => [mutant, test] as const),
    ...[...unsure].flatMap((id) => killedBy(suite, onlyOf(tries, id)))
  ]
}

function onlyOf(
  tries: Readonly<Record<string, readonly string[]>>,
  id: string
): Record<string, readonly string[]> {
  const tests = Object.entries(tries).filter(([, ids]) => ids.includes(id))
  return Object.fromEntries(tests.map(([test]) => [test, [id]]))
}

/** Runs a suite, to note what it sees or to try checks; `undefined` when it did not end. */
function runSuite(
  suite: string,
  tries?: Readonly<Record<string, readonly string[]>>
): Report | undefined {
  const path = join(root, suite)
  const output = join(folder, 'report.json')
  rmSync(output, { force: true })
  writeFileSync(join(folder, 'plan.json'), JSON.stringify({ [path]: { tries } }))
  const jest = join(root, 'node_modules/jest/bin/jest.js')
  const { stderr } = spawnSync(
    process.execPath,
    [
      '--experimental-vm-modules',
      '--no-warnings',
      jest,
      '-c',
      join(folder, 'jest.config.js'),
      '-i',
      '--forceExit',
      '--runTestsByPath',
      path
    ],
    {
      cwd: root,
      stdio: ['ignore', 'ignore', 'pipe'],
      encoding: 'utf8',
      timeout: suiteTimeoutMs,
      killSignal: 'SIGKILL',
      env: { ...process.env, MEMBERGATE_TEST_POSTGRES: 'postgres://127.0.0.1:1/none' }
    }
  )
  if (existsSync(output)) return JSON.parse(readFileSync(output, 'utf8'))
  console.log(`${suite} did not end. ${stderr.slice(-1000)}`)
  return undefined
}

function filesIn(from: string, ending: string): readonly string[] {
  return readdirSync(join(root, from), { recursive: true })
    .map(String)
    .filter((name) => name.endsWith(ending))
    .map((name) => `${from}/${name}`)
}

function readState(): State {
  return existsSync(stateFile)
    ? JSON.parse(readFileSync(stateFile, 'utf8'))
    : { suites: {}, killed: {} }
}

function writeState(state: State): void {
  writeFileSync(stateFile, JSON.stringify(state))
}

function describe({ id, line, text, off }: Check): string {
  const shown = text.replace(/\s+/g, ' ').slice(0, 100)
  return `${id} line ${line}: ${off === 'true' || off === 'false' ? `${off} for ` : ''}${shown}`
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 12)
}
