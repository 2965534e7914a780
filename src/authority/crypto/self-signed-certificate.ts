import { type KeyObject, randomBytes, sign } from 'node:crypto'

/** What a certificate says of the key that signs it. */
export interface CertificateSubject {
  /** Printable ASCII: letters, digits and dashes. */
  readonly commonName: string
  /** Epoch milliseconds; a certificate knows whole seconds. */
  readonly notBefore: number
  readonly notAfter: number
}

/**
 * A certificate of version 3 that an RSA key signs for itself (RFC 5280), in DER. It may sign data, but no other
 * certificate.
 */
export function selfSignedCertificate(
  { publicKey, privateKey }: { readonly publicKey: KeyObject; readonly privateKey: KeyObject },
  { commonName, notBefore, notAfter }: CertificateSubject
): Buffer {
  const algorithm = sequence(oid.sha256WithRSAEncryption, der(0x05))
  const name = sequence(der(0x31, sequence(oid.commonName, der(0x13, Buffer.from(commonName)))))
  const toBeSigned = sequence(
    der(0xa0, der(0x02, Buffer.of(2))),
    der(0x02, serialNumber()),
    algorithm,
    name,
    sequence(time(notBefore), time(notAfter)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(notAnAuthority, signsData))
  )
  return sequence(toBeSigned, algorithm, bitString(sign('sha256', toBeSigned, privateKey)))
}

const oid = {
  sha256WithRSAEncryption: der(0x06, Buffer.from('2a864886f70d01010b', 'hex')),
  commonName: der(0x06, Buffer.from('550403', 'hex')),
  keyUsage: der(0x06, Buffer.from('551d0f', 'hex')),
  basicConstraints: der(0x06, Buffer.from('551d13', 'hex'))
}

const yes = der(0x01, Buffer.of(0xff))
const notAnAuthority = sequence(oid.basicConstraints, yes, der(0x04, sequence()))
/** Of the named bits only the first, `digitalSignature`: seven bits of the octet are unused. */
const signsData = sequence(oid.keyUsage, yes, der(0x04, der(0x03, Buffer.of(7, 0x80))))

/** 16 octets, the first from 0x40 to 0x7f: so the number is positive, and this is its shortest form. */
function serialNumber(): Buffer {
  const octets = randomBytes(16)
  octets[0] = 0x40 | (Number(octets[0]) & 0x3f)
  return octets
}

/** Through 2049 a UTCTime, which has two digits of the year; a GeneralizedTime from then on. */
function time(epochMs: number): Buffer {
  const text = new Date(epochMs).toISOString().replace(/\.\d+|[-:T]/g, '')
  return Number(text.slice(0, 4)) < 2050
    ? der(0x17, Buffer.from(text.slice(2)))
    : der(0x18, Buffer.from(text))
}

function bitString(octets: Buffer): Buffer {
  return der(0x03, Buffer.of(0), octets)
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts)
}

/** An element: its tag, the length of its contents and the contents. */
function der(tag: number, ...contents: readonly Buffer[]): Buffer {
  const body = Buffer.concat(contents)
  if (body.length < 0x80) return Buffer.concat([Buffer.of(tag, body.length), body])
  const hex = body.length.toString(16)
  const length = Buffer.from(hex.padStart(hex.length + (hex.length % 2), '0'), 'hex')
  return Buffer.concat([Buffer.of(tag, 0x80 | length.length), length, body])
}
