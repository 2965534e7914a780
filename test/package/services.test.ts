import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { describeWhere } from '../support/describe-where.ts'
import { whyNoCluster } from '../support/postgres-cluster.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const configuration = '/etc/postgresql'

/** Every file that says how the PostgreSQL of this machine runs, with what stands in it. */
function configurationOfMachine(): readonly (readonly [string, string])[] {
  if (!existsSync(configuration)) return []
  return readdirSync(configuration, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.conf'))
    .map((name) => [name, readFileSync(join(configuration, name), 'latin1')])
}

async function run(script: string): Promise<string> {
  const { MEMBERGATE_TEST_POSTGRES: _, ...env } = process.env
  const { stdout } = await promisify(execFile)('bash', ['-euo', 'pipefail', '-c', script], {
    cwd: root,
    env
  })
  return stdout.trim()
}

const need = { name: 'the checks', missing: whyNoCluster, requiredAs: 'postgres-server' }

describeWhere(need, () => {
  test('start a PostgreSQL of their own, leave that of the machine alone, and end it', async () => {
    const before = configurationOfMachine()
    const output = await run(`
      machine_port=1
      source .ci/services.sh
      trap stop_services EXIT
      start_services
      postgres_command psql --no-psqlrc --tuples-only "$MEMBERGATE_TEST_POSTGRES" --command "select 'it answers'"
      echo "$cluster"
    `)
    expect(output).toContain('it answers')
    expect(configurationOfMachine()).toEqual(before)
    const folder = output.split('\n').at(-1) ?? ''
    expect(folder).toMatch(/^\/.+/)
    expect(existsSync(folder)).toBe(false)
  }, 60_000)

  test('use a PostgreSQL that is named, and install nothing for it', async () => {
    const output = await run(`
      export MEMBERGATE_TEST_POSTGRES=postgres://db.example/test
      source .ci/services.sh
      start_services
      echo "$MEMBERGATE_TEST_POSTGRES [$cluster]"
    `)
    expect(output).toBe('postgres://db.example/test []')
  })
})
