import { readdirSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../..', import.meta.url))

const listMarkdown = (folder: string) =>
  readdirSync(join(root, folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name))

/** Every page that people read. */
export const pages = [...listMarkdown('.'), ...listMarkdown('docs'), ...listMarkdown('examples')]

/** What stands between two fences of a page. */
export interface CodeBlock {
  /** The page and the place of the block in it, as a name of a file. */
  readonly name: string
  readonly language: string
  readonly code: string
}

const fence = /^ *(`{3,}|~{3,}) *(\S*)[^\n]*\n([\s\S]*?)^ *\1 *$/gm

export function codeBlocksOf(page: string): CodeBlock[] {
  const text = readFileSync(join(root, page), 'utf8')
  return [...text.matchAll(fence)].map(([, , language = '', code = ''], index) => ({
    name: `${basename(page, '.md')}-${index + 1}`,
    language,
    code
  }))
}

/** A program, which can be run as it stands. What imports nothing is a few lines of one. */
export function isProgram({ language, code }: CodeBlock): boolean {
  return language === 'ts' && code.startsWith('import ')
}
