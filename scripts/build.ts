import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { build } from 'esbuild'

// npm run build [-- --out-dir DIR]: from src/ to what is published.

const root = fileURLToPath(new URL('..', import.meta.url))
const { values } = parseArgs({ options: { 'out-dir': { type: 'string', default: 'dist' } } })
const outDir = join(values['out-dir'])

rmSync(outDir, { recursive: true, force: true })
compile()
await bundle('authority/crypto/password-strength-worker')

function compile(): void {
  const tsc = join(root, 'node_modules/typescript/bin/tsc')
  const options = ['-p', join(root, 'tsconfig.build.json'), '--outDir', outDir]
  execFileSync(process.execPath, [tsc, ...options], { stdio: 'inherit' })
}

/** Writes a module of src/ as one file, with the packages that it imports in it and their licenses beside it. */
async function bundle(module: string): Promise<void> {
  const target = join(outDir, module)
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [`src/${module}.js`],
    outfile: `${target}.js`,
    bundle: true,
    minify: true,
    platform: 'node',
    target: 'node20',
    format: 'esm',
    mainFields: ['module', 'main'],
    metafile: true,
    logLevel: 'error'
  })
  writeFileSync(`${target}.licenses.txt`, licensesOf(packagesAmong(Object.keys(metafile.inputs))))
}

/** The folders of the packages that some files belong to. */
function packagesAmong(files: readonly string[]): string[] {
  const folders = files.map((file) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file)?.[0])
  return [...new Set(folders.filter((folder) => folder !== undefined))].sort()
}

/** What each package says of its license and of where its data comes from. */
function licensesOf(packages: readonly string[]): string {
  const texts = packages.map((folder) => {
    const { name, version } = JSON.parse(readFileSync(join(root, folder, 'package.json'), 'utf8'))
    const files = readdirSync(join(root, folder)).sort()
    if (!files.some((file) => /^licen[cs]e/i.test(file))) throw new Error(`${name}: no license.`)
    const notices = files.filter((file) => /^(licen[cs]e|notice|third.party)/i.test(file))
    const bodies = notices.map((file) => readFileSync(join(root, folder, file), 'utf8').trim())
    return [`${name} ${version}`, ...bodies].join('\n\n')
  })
  return `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n`
}
