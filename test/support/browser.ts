import { existsSync } from 'node:fs'
import { afterAll, beforeAll } from '@jest/globals'
import { type Browser, chromium } from 'playwright-core'
import { describeWhere } from './describe-where.ts'

const places = [
  process.env.CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome'
]

/** It talks to nobody but the pages it is sent to. */
const quietly = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run'
]

/**
 * Runs a suite with a real browser. Where there is none it is reported as skipped by name, or as failed where `REQUIRE`
 * lists `chromium`. The variable `CHROMIUM` says where to look first.
 */
export function describeInChromium(name: string, suite: (browser: () => Browser) => void): void {
  const executablePath = places.find((place) => place !== undefined && existsSync(place))
  const missing = executablePath === undefined ? 'no Chromium in the usual places' : undefined
  describeWhere({ name, missing, requiredAs: 'chromium' }, () => run(suite, executablePath ?? ''))
}

function run(suite: (browser: () => Browser) => void, executablePath: string): void {
  let browser: Browser

  beforeAll(async () => {
    browser = await chromium.launch({ executablePath, args: quietly })
  }, 60_000)

  afterAll(() => browser.close())

  suite(() => browser)
}
