import { parentPort } from 'node:worker_threads'
import { ZxcvbnFactory } from '@zxcvbn-ts/core'
import * as common from '@zxcvbn-ts/language-common'
import * as english from '@zxcvbn-ts/language-en'

// JavaScript, because a thread starts from a file that Node runs as it stands. The build puts the three packages into it,
// so that they are no dependencies of the package.

const zxcvbn = new ZxcvbnFactory({
  translations: english.translations,
  graphs: common.adjacencyGraphs,
  dictionary: { ...common.dictionary, ...english.dictionary },
  // Work grows steeply with length. What is strong in so many characters is strong with more.
  maxLength: 72
})

export function check(password, hints) {
  return zxcvbn.check(password, hints)
}

parentPort?.on('message', ({ password, hints }) => {
  const { score, feedback } = check(password, hints)
  const { warning, suggestions } = feedback
  parentPort.postMessage({ score, warning: warning ?? '', suggestions })
})
