import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import swc from '@swc/jest'

/** Jest takes the instrumented text of a file in place of what stands in it. */
export default {
  createTransformer({ sources: file, ...options }) {
    const { process, canInstrument } = swc.createTransformer(options)
    const sources = JSON.parse(readFileSync(file, 'utf8'))
    const sourceOf = (text, path) => sources[path] ?? text
    return {
      canInstrument,
      process: (text, path, settings) => process(sourceOf(text, path), path, settings),
      getCacheKey: (text, path) =>
        createHash('sha256')
          .update(`${path}\n${sourceOf(text, path)}`)
          .digest('hex')
    }
  }
}
