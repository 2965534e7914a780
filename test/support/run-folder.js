import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const output = fileURLToPath(new URL('../../test-output/', import.meta.url))

/** Gives each run of Jest a folder of its own, which its workers share, and removes it at the end. */
export default function openRunFolder() {
  mkdirSync(output, { recursive: true })
  const folder = mkdtempSync(join(output, 'run-'))
  process.env.MEMBERGATE_TEST_RUN = folder
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
}
