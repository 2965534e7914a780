import { spawnSync } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createApp, pack, root } from './app.ts'

/** The types of the packed package, in an app: for the oldest and the newest TypeScript, and each way to find a module. */

const compilers = {
  'TypeScript 5.4': 'typescript-5.4',
  'TypeScript, the latest': 'typescript-latest'
}
const resolutions = [
  { module: 'node16', moduleResolution: 'node16' },
  { module: 'nodenext', moduleResolution: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' }
] as const

type Resolution = (typeof resolutions)[number]['moduleResolution']

/** "A CommonJS module cannot import this with 'require'": not before TypeScript 5.8, and with `node16` never. */
const importedByRequire = 'TS1479'

const { exports } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
const entryPoints = Object.keys(exports).filter((path) => !path.endsWith('.json'))
const source = `
${entryPoints.map((path, index) => `import * as entry${index} from 'membergate${path.slice(1)}'\nentry${index}`).join('\n')}
import { createMemberAuth, type MemberSession } from 'membergate/express'
import express from 'express'
const { memberOf, requireMemberSession } = createMemberAuth({ project_id: 'p', secret: 's' })
export const app = express()
app.get('/:id', requireMemberSession(), (req, res) => {
  const id: string = req.params.id
  const session: MemberSession = memberOf(req)
  res.json({ id, organization_id: session.organization_id })
})
// @ts-expect-error: an option that does not exist
requireMemberSession({ optinal: true })`

const app = createApp()
let failures = 0
try {
  const types = ['@types/node@20', '@types/express@5', '@types/koa@3']
  const typescript = [
    'typescript-5.4@npm:typescript@5.4',
    'typescript-latest@npm:typescript@latest'
  ]
  app.install(pack(), 'express@5', 'koa@3', ...types, ...typescript)
  for (const kind of ['mts', 'cts']) writeFileSync(join(app.folder, `consumer.${kind}`), source)
  for (const [name, folder] of Object.entries(compilers)) {
    for (const resolution of resolutions) {
      for (const kind of ['mts', 'cts'] as const) {
        for (const skipLibCheck of [true, false]) {
          const options = { ...resolution, skipLibCheck }
          const codes = codesOf(folder, kind, options)
          const expected = expectedOf(folder, kind, resolution.moduleResolution)
          const holds = codes.join() === expected.join()
          if (!holds) failures += 1
          const what = `${name}, ${resolution.moduleResolution}, .${kind}, skipLibCheck ${skipLibCheck}`
          console.log(`${holds ? 'holds' : 'FAILS'}: ${what}: ${codes.join(' ') || 'no error'}`)
        }
      }
    }
  }
} finally {
  app.remove()
}
if (failures > 0) process.exitCode = 1

function expectedOf(compiler: string, kind: 'mts' | 'cts', resolution: Resolution): string[] {
  if (kind === 'mts' || resolution === 'bundler') return []
  const requireIsKnown = compiler === 'typescript-latest' && resolution === 'nodenext'
  return requireIsKnown ? [] : [importedByRequire]
}

/** The codes of the errors in the app and in this package. Faults that other packages have among themselves are not ours. */
function codesOf(
  compiler: string,
  kind: string,
  options: Readonly<Record<string, unknown>>
): string[] {
  const flags = Object.entries({
    ...options,
    strict: true,
    noEmit: true,
    target: 'es2022',
    lib: 'es2023',
    types: 'node'
  })
  const tsc = join('node_modules', compiler, 'bin', 'tsc')
  const args = flags.flatMap(([name, value]) => [`--${name}`, String(value)])
  const { stdout, stderr } = spawnSync(process.execPath, [tsc, ...args, `consumer.${kind}`], {
    cwd: app.folder,
    encoding: 'utf8'
  })
  if (stderr !== '') throw new Error(stderr)
  const errors = stdout
    .split('\n')
    .filter((line) => /^(consumer\.|node_modules\/membergate\/|error )/.test(line))
  return [...new Set(errors.map((line) => /TS\d+/.exec(line)?.[0] ?? line))].sort()
}
