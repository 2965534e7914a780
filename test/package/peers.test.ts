import { readFileSync } from 'node:fs'
import { expect, test } from '@jest/globals'

const root = new URL('../../', import.meta.url)
const { peerDependencies } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  readonly peerDependencies: Readonly<Record<string, string>>
}

/** The oldest release of each major version that a peer may have. */
function oldestOf(peer: string): readonly string[] {
  return (peerDependencies[peer] ?? '').split(' || ').map((range) => range.replace(/^(\^|>=)/, ''))
}

/**
 * The first releases without a known advisory, of each major version that has one. Where an advisory comes to be known,
 * the release that ends it stands here and in package.json. pg has had none since 8.0, @photostructure/sqlite none at all.
 */
const firstWithoutAdvisory: Readonly<Record<string, readonly string[]>> = {
  // qs in 4.22.2 and before; 5.2.1 allows every release of its dependencies that ends an advisory.
  express: ['4.22.3', '5.2.1'],
  // GHSA-7gcc-r8m5-44qm, host header injection, and those before it.
  koa: ['2.16.4', '3.1.2'],
  // GHSA-2x7j-588g-ccc2, denial of service by a list of addresses, and those of the same days.
  nodemailer: ['9.1.1', '10.0.1'],
  pg: ['8.11.0'],
  '@photostructure/sqlite': ['1.2.1']
}

test('no peer may be a release with a known advisory', () => {
  expect(Object.keys(peerDependencies).sort()).toEqual(Object.keys(firstWithoutAdvisory).sort())
  for (const [peer, releases] of Object.entries(firstWithoutAdvisory)) {
    expect([peer, oldestOf(peer)]).toEqual([peer, releases])
  }
})

test('the checks use the package beside the oldest release of each framework and of SQLite', () => {
  const checks = readFileSync(new URL('.ci/full', root), 'utf8')
  const beside = [...checks.matchAll(/--beside '([^']+)'/g)].flatMap(([, list = '']) =>
    list.split(' ')
  )
  expect(beside).toEqual(
    expect.arrayContaining(
      ['express', 'koa', '@photostructure/sqlite'].flatMap((peer) =>
        oldestOf(peer).map((release) => `${peer}@${release}`)
      )
    )
  )
})
