// It comes with Jest.
import Sequencer from '@jest/test-sequencer'

/** The suites that take longest, the longest first: none of them is to begin when the others have ended. */
const longest = [
  'promises/every-operation',
  'browser/b2b-second-factor',
  'cli/serve',
  'package/build',
  'browser/b2b-sign-in',
  'entry-points/guards',
  'promises/refusals',
  'browser/mfa-pages',
  'promises/otps-sms-send',
  'authority/races',
  'promises/otps-sms-authenticate',
  'browser/express-basic',
  'cli/audit',
  'authority/key-rotation',
  'promises/locale',
  'promises/session-lifetime',
  'browser/b2b-organizations',
  'browser/b2b-account',
  'examples/start'
].map((name) => `/test/${name}.test.ts`)

/** Goes by how long each suite took before, as Jest does; by the list, where Jest does not know that yet. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const sorted = super.sort(tests)
    const isKnown = tests.some(({ duration }) => duration !== undefined)
    return isKnown ? sorted : [...sorted].sort((one, other) => placeOf(one) - placeOf(other))
  }
}

function placeOf({ path }) {
  const place = longest.findIndex((end) => path.endsWith(end))
  return place === -1 ? longest.length : place
}
