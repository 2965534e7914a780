import {
  createPrivateKey,
  createPublicKey,
  generateKeyPair,
  type KeyPairKeyObjectResult
} from 'node:crypto'
import { linkSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'

const makeRsaPair = () => promisify(generateKeyPair)('rsa', { modulusLength: 2048 })

const run = process.env.MEMBERGATE_TEST_RUN

let taken = 0

/**
 * A pair of RSA-2048 that no other part of this test file has. To find the primes takes a sixth of a second, so that the
 * first pair of one test file is the first pair of every other file in the same run, and so on.
 */
export function takeRsaPair(): Promise<KeyPairKeyObjectResult> {
  if (run === undefined) return makeRsaPair()
  taken += 1
  return findPair(join(run, `rsa-${taken}.pem`))
}

async function findPair(file: string): Promise<KeyPairKeyObjectResult> {
  const pem = readPem(file) ?? (await makePair(file))
  return { privateKey: createPrivateKey(pem), publicKey: createPublicKey(pem) }
}

async function makePair(file: string): Promise<string> {
  const { privateKey } = await makeRsaPair()
  const unfinished = `${file}.${process.pid}`
  writeFileSync(unfinished, privateKey.export({ type: 'pkcs8', format: 'pem' }))
  keepFirst(unfinished, file)
  return readFileSync(file, 'utf8')
}

/** Another worker may have made the same one meanwhile: then its pair is the one. */
function keepFirst(unfinished: string, file: string): void {
  try {
    linkSync(unfinished, file)
  } catch (error) {
    if (Reflect.get(Object(error), 'code') !== 'EEXIST') throw error
  }
}

function readPem(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    return undefined
  }
}
