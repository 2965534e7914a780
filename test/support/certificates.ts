import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { newFolder } from './new-folder.ts'

const run = promisify(execFile)

export interface Issued {
  readonly certificate: string
  readonly key: string
}

export interface CertificateAuthority {
  /** The path of its own certificate. */
  readonly path: string
  readonly certificate: string
  /** A certificate for `commonName`, and for what `subjectAltName` says: `IP:192.0.2.1`. */
  issue(commonName: string, subjectAltName?: string): Promise<Issued>
}

/** A certificate authority that nobody trusts who does not name it. */
export async function newCertificateAuthority(): Promise<CertificateAuthority> {
  const folder = await newFolder()
  const at = (name: string) => join(folder, name)

  async function make(name: string, commonName: string, ...args: string[]): Promise<Issued> {
    const [key, certificate] = [at(`${name}.key`), at(`${name}.pem`)]
    const files = ['-keyout', key, '-out', certificate, '-days', '2', '-subj', `/CN=${commonName}`]
    const curve = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes']
    await run('openssl', ['req', '-x509', ...curve, ...files, ...args])
    return { certificate: await readFile(certificate, 'utf8'), key: await readFile(key, 'utf8') }
  }

  const { certificate } = await make('authority', 'An authority of tests')
  return {
    path: at('authority.pem'),
    certificate,
    issue: (commonName, subjectAltName = `DNS:${commonName}`) =>
      make(
        commonName.replaceAll('.', '-'),
        commonName,
        ...['-CA', at('authority.pem'), '-CAkey', at('authority.key')],
        ...['-addext', `subjectAltName=${subjectAltName}`],
        ...['-addext', 'basicConstraints=critical,CA:FALSE']
      )
  }
}
