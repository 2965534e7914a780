import { spawnSync } from 'node:child_process'
import { X509Certificate } from 'node:crypto'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { selfSignedCertificate } from '../../src/authority/crypto/self-signed-certificate.ts'
import { takeRsaPair } from '../support/rsa-pairs.ts'

const pair = await takeRsaPair()
const other = await takeRsaPair()
const commonName = 'jwk-test-0e1f6a34-5a0c-4b3d-9a53-4b7f3b0a6f11'

function issue(notBefore: number, notAfter: number): X509Certificate {
  return new X509Certificate(selfSignedCertificate(pair, { commonName, notBefore, notAfter }))
}

describe('a self-signed certificate', () => {
  const certificate = issue(Date.UTC(2026, 3, 25, 16, 37, 9, 500), Date.UTC(2028, 3, 24, 16, 37, 9))

  test('is of the key that signed it, and of no other', () => {
    expect(certificate.publicKey.equals(pair.publicKey)).toBe(true)
    expect(certificate.verify(pair.publicKey)).toBe(true)
    expect(certificate.verify(other.publicKey)).toBe(false)
    expect(certificate.checkPrivateKey(pair.privateKey)).toBe(true)
    expect(certificate.checkPrivateKey(other.privateKey)).toBe(false)
  })

  test('names the key as subject and issuer, and is no authority', () => {
    expect(certificate.subject).toBe(`CN=${commonName}`)
    expect(certificate.issuer).toBe(`CN=${commonName}`)
    expect(certificate.ca).toBe(false)
  })

  test('is read from PEM as from DER', () => {
    expect(new X509Certificate(certificate.toString()).raw.equals(certificate.raw)).toBe(true)
  })

  test('has a positive serial number of 16 octets, a new one each time', () => {
    const serials = Array.from({ length: 50 }, () => issue(0, 1000).serialNumber)
    for (const serial of serials) expect(serial).toMatch(/^[4-7][0-9A-F]{31}$/)
    expect(new Set(serials).size).toBe(serials.length)
  })

  test.each([
    ['2026-04-25T16:37:09Z', '2028-04-24T16:37:09Z'],
    ['1999-12-31T23:59:59Z', '2000-01-01T00:00:00Z'],
    ['2049-12-31T23:59:59Z', '2050-01-01T00:00:00Z'],
    ['2050-01-01T00:00:00Z', '9999-12-31T23:59:59Z']
  ])('is valid from %s to %s', (from, to) => {
    const { validFrom, validTo } = issue(Date.parse(from), Date.parse(to))
    expect([validFrom, validTo].map(Date.parse)).toEqual([from, to].map(Date.parse))
  })

  test('writes years from 2050 on with four digits, as RFC 5280 says', () => {
    const { raw } = issue(Date.UTC(2049, 11, 31), Date.UTC(2050, 0, 1))
    expect(raw.includes('\x17\x0d491231000000Z\x18\x0f20500101000000Z', 'latin1')).toBe(true)
  })
})

const hasOpenssl = spawnSync('openssl', ['version']).status === 0
const describeWithOpenssl = hasOpenssl ? describe : describe.skip

describeWithOpenssl('a self-signed certificate, to openssl', () => {
  const folder = mkdtempSync(join(tmpdir(), 'membergate-certificate-'))
  const file = join(folder, 'certificate.pem')

  beforeAll(() => {
    writeFileSync(file, issue(Date.UTC(2026, 3, 25), Date.UTC(2028, 3, 24)).toString())
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  function openssl(...args: string[]): string {
    const { status, stdout, stderr } = spawnSync('openssl', args, { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    return stdout
  }

  test('says what it should', () => {
    const text = openssl('x509', '-in', file, '-text', '-noout')
    for (const line of [
      /Version: 3 \(0x2\)/,
      /Signature Algorithm: sha256WithRSAEncryption/,
      new RegExp(`Issuer: CN ?= ?${commonName}`),
      new RegExp(`Subject: CN ?= ?${commonName}`),
      /Not Before: Apr 25 00:00:00 2026 GMT/,
      /Not After : Apr 24 00:00:00 2028 GMT/,
      /Public-Key: \(2048 bit\)/,
      /Basic Constraints: critical\n\s+CA:FALSE\n/,
      /Key Usage: critical\n\s+Digital Signature\n/
    ]) {
      expect(text).toMatch(line)
    }
  })

  test('passes its strict checks, signature included', () => {
    const at = String(Date.UTC(2027, 0, 1) / 1000)
    const checks = ['-x509_strict', '-check_ss_sig', '-attime', at]
    expect(openssl('verify', ...checks, '-CAfile', file, file)).toContain('OK')
  })
})
