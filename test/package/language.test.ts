import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'

const root = fileURLToPath(new URL('../..', import.meta.url))

/** What is not said in src, and what is said instead: see the glossary in docs/architecture.md. */
const odd: readonly (readonly [RegExp, string])[] = [
  [/\bjunk\b/i, 'malformed'],
  [/\bmend(s|ed|ing)?\b/i, 'fix'],
  [/\bplant(s|ed|ing)?\b/i, 'apply a seed'],
  [/\bnewcomers?\b/i, 'applicant'],
  [/\bcolleagues?\b/i, 'domain member'],
  [/\bwayIn\b/, 'JIT provisioning rule'],
  [/\bclaimants?\b/i, 'pending owner'],
  [/\bevidence\b/i, 'verified factor, federated assertion'],
  // In quotes it is the value of a setting.
  [/\b(proof|proven)\b|(?<!')\bvouch\w*/i, 'verified factor, federated assertion'],
  [/\bguessers?\b/i, 'the client'],
  [/\b(disproven|distrust\w*)\b/i, 'invalidate, invalidatedAt'],
  [/\b(surelyTrueAt|checkedAt)\b/, 'validSince, verifiedAt'],
  [/\bhalf[- ](done|signed)\b/i, 'pending'],
  [/\bunder way\b/i, 'in flight'],
  [/\b(whoever|nobody|somebody|everybody|anybody)\b/i, 'the party by its name'],
  [/\bcarriers?\b/i, 'transport, session reference'],
  [/\bforeign request/i, 'cross-site request'],
  [/\b(doors?|keepers?|rooms?)\b/i, 'entry point, module'],
  [/\brefuse\w*\(/, 'assert…'],
  [/\bdemand\(/, 'assert…'],
  [/\botherwise\??:(?! RFC)/, 'onConflict']
]

const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })
  .filter((file) => /\.[jt]s$/.test(file))
  .map((file) => [file, readFileSync(join(root, 'src', file), 'utf8').split('\n')] as const)

describe('src', () => {
  test.each(odd)('does not say %s, but: %s', (word) => {
    const lines = files.flatMap(([file, text]) =>
      text.flatMap((line, index) =>
        word.test(line) ? [`${file}:${index + 1}: ${line.trim()}`] : []
      )
    )
    expect(lines).toEqual([])
  })

  test('is read whole', () => {
    expect(files.length).toBeGreaterThan(250)
  })
})
