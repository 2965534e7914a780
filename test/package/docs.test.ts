import { execFile } from 'node:child_process'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createClient } from 'membergate/client'
import { type OpenAuthority, openAuthority } from 'membergate/testing'
import { auditKinds } from '../../src/authority/domain/audit.ts'
import { auditChannel } from '../../src/authority/http/audited.ts'
import { help } from '../../src/cli/help.ts'
import { accessAnswers } from '../../src/errors/access-error.ts'
import { refusalReasons } from '../../src/errors/reasons.ts'
import { unavailableSentences } from '../../src/errors/unavailable-error.ts'
import { authorizationHeaders } from '../../src/wire/authorization.ts'
import { oauthClientRoutes } from '../../src/wire/oauth-clients.ts'
import type { Route } from '../../src/wire/route.ts'
import { listRoutes } from '../../src/wire/routes.ts'
import { timeoutMs } from '../support/patience.ts'
import { codeBlocksOf, isProgram, pages } from './code-blocks.ts'

const root = fileURLToPath(new URL('../..', import.meta.url))
const run = promisify(execFile)
const read = (path: string) => readFileSync(join(root, path), 'utf8')
describe('errors.md', () => {
  const page = read('docs/errors.md')
  const codes = {
    ...accessAnswers,
    ...unavailableSentences,
    api_error: undefined,
    config_invalid: undefined
  }

  test('has exactly one heading per code', () => {
    const headings = [...page.matchAll(/^### `(\w+)`$/gm)].map(([, code]) => code)
    expect(headings.sort()).toEqual(Object.keys(codes).sort())
  })

  test('has the sentence of each reason', () => {
    const section = page.slice(page.indexOf('## Reasons'))
    const rows = [...section.matchAll(/^\| `(\w+)` \| (.*) \|$/gm)].map(([, ...row]) => row)
    expect(rows).toEqual(Object.entries(refusalReasons))
  })

  test.each(Object.entries(accessAnswers))('says the status and challenge of %s', (code, entry) => {
    const [, line] = new RegExp(`^### \`${code}\`\\n\\n(.*)$`, 'm').exec(page) ?? []
    const challenge = 'challenge' in entry ? ` · \`WWW-Authenticate: ${entry.challenge}\`` : ''
    expect(line).toBe(`${entry.status}${challenge}`)
  })
})

describe('self-hosting.md', () => {
  const page = read('docs/self-hosting.md')
  let authority: OpenAuthority

  beforeAll(async () => {
    authority = await openAuthority()
  })
  afterAll(() => authority.close())

  /** A call that is wrong in everything but its route. */
  async function call(
    { method, path }: Pick<Route<unknown, unknown>, 'method' | 'path'>,
    headers: Record<string, string> = {}
  ): Promise<{ status: number; type: unknown }> {
    const { url, project_id, secret } = authority
    const credentials = Buffer.from(`${project_id}:${secret}`).toString('base64')
    const target = path.replace('{project_id}', project_id).replace(/\{\w+\}/g, 'x')
    const answer = await fetch(new URL(target, url), {
      method,
      headers: {
        authorization: `Basic ${credentials}`,
        'content-type': 'application/json',
        ...headers
      },
      ...(method === 'GET' ? {} : { body: '{}' })
    })
    const body = JSON.parse(await answer.text())
    expect(body.error_type).not.toBe('route_not_found')
    return { status: answer.status, type: body.error_type }
  }

  test('says which operations take a member session, and every other refuses it', async () => {
    const section = page.slice(page.indexOf('**Member sessions.**'), page.indexOf('## Choices'))
    const named = [...section.matchAll(/^\| `([\w.]+)` \|/gm)].map(([, name]) => name)
    const taking = listRoutes().filter(([, { takesAuthorization }]) => takesAuthorization)
    expect(named).toEqual(taking.map(([name]) => name))
    for (const header of Object.values(authorizationHeaders)) {
      expect(section).toContain(`\`${header}\``)
      for (const [name, route] of listRoutes()) {
        const answer = await call(route, { [header]: 'x' })
        const refused = answer.status === 403 && answer.type === 'session_authorization_error'
        expect([name, refused]).toEqual([name, !route.takesAuthorization])
      }
    }
  })

  test('has every flag and variable of serve', () => {
    for (const [flag] of help.matchAll(/^ {2}--[a-z-]+/gm)) {
      if (flag.includes('--help')) continue
      expect(page).toMatch(new RegExp(`^\\| \`${flag.trim()}[ \`]`, 'm'))
    }
    for (const [variable] of help.matchAll(/\b[A-Z]+_[A-Z_]+\b/g)) {
      expect(page).toContain(`\`${variable}\``)
    }
  })

  test('shows a seed that works', async () => {
    const [, seed = ''] = /```json\n(\{\n {2}"project_id"[\s\S]*?)```/.exec(page) ?? []
    const project = JSON.parse(seed)
    const { close, ...seeded } = await openAuthority({ projects: [project] })
    const [{ organization_slug: organization_id, members }] = project.organizations
    for (const { email_address, password, mfa_enrolled = false } of members) {
      const answer = await createClient({ ...seeded, timeoutMs }).passwords.authenticate({
        organization_id,
        email_address,
        password
      })
      expect(answer.member_authenticated).toBe(!mfa_enrolled)
    }
    await close()
  })
})

describe('self-hosting.md on the audit', () => {
  const page = read('docs/self-hosting.md')
  const section = page.slice(page.indexOf('\n### Audit\n'), page.indexOf('\n### Errors\n'))

  test('says what each kind of event is, in order', () => {
    const kinds = [...section.matchAll(/^\| `(\w+)` \| [^|]+ \|$/gm)].map(([, kind]) => kind)
    expect(kinds).toEqual([...auditKinds])
  })

  test('shows an event with all its members', async () => {
    const [, example = ''] = /```json\n([\s\S]*?)```/.exec(section) ?? []
    const events: unknown[] = []
    const listen = (event: unknown) => events.push(event)
    subscribe(auditChannel, listen)
    const { close, ...project } = await openAuthority()
    await createClient(project).organizations.create({ organization_name: 'Acme' })
    await close()
    unsubscribe(auditChannel, listen)
    expect(Object.keys(Object(events[0]))).toEqual(Object.keys(JSON.parse(example)))
  })
})

describe('self-hosting.md on other identities', () => {
  const page = read('docs/self-hosting.md')

  test('shows settings that work', async () => {
    const [, example = ''] =
      /```json\n(\{\n {2}"settings": \{\n {4}"userinfo_url"[\s\S]*?)```/.exec(page) ?? []
    const { close } = await openAuthority({ projects: [JSON.parse(example)] })
    await close()
  })

  test('names every endpoint of connected apps', () => {
    const paths = Object.values(oauthClientRoutes).flatMap((route) => route.paths)
    expect(paths).toHaveLength(4)
    for (const path of paths) expect(page).toContain(`\`POST ${path}\``)
  })
})

describe('sessions-and-mfa.md', () => {
  const page = read('docs/sessions-and-mfa.md')
  const table = (heading: string) =>
    page.slice(page.indexOf(heading)).matchAll(/^\| (`\w+`(?:, `\w+`)*) \|/gm)
  const namesOf = (rows: Iterable<RegExpMatchArray>) =>
    [...rows].flatMap(([, cell = '']) => cell.replaceAll('`', '').split(', '))

  /** The members of an interface, in order, as its source declares them. */
  function membersOf(file: string, name: string): string[] {
    const [, body = ''] =
      new RegExp(`interface ${name}\\b[^{]*\\{\\n([\\s\\S]*?)\\n\\}`).exec(read(file)) ?? []
    return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??[:(]/gm)].map(([, member = '']) => member)
  }

  test('has every option', () => {
    const options = [
      ...membersOf('src/core/options.ts', 'MemberAuthOptions'),
      ...membersOf('src/adapters/response.ts', 'AdapterOptions'),
      ...membersOf('src/core/guard/guard-options.ts', 'TenantOptions'),
      ...membersOf('src/core/guard/guard-options.ts', 'PermissionOptions'),
      ...membersOf('src/core/guard/guard-options.ts', 'SessionGuardOptions'),
      ...membersOf('src/core/guard/recent-factor.ts', 'RecentFactorOptions'),
      ...membersOf('src/core/mfa/mfa-routes.ts', 'MfaRoutesOptions'),
      ...membersOf('src/core/sign-in/sign-out.ts', 'SignOutOptions')
    ]
    expect(options.length).toBeGreaterThan(20)
    expect(namesOf(table('\n## Options\n')).sort()).toEqual(options.sort())
  })

  test('has every name of a cookie', () => {
    for (const name of membersOf('src/core/options.ts', 'CookieOptions')) {
      expect(page).toContain(`\`${name}\``)
    }
  })
})

describe('links', () => {
  test.each(pages)('of %s lead somewhere', (page) => {
    const text = withoutCode(read(page))
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(link)) continue
      const [path = '', anchor] = link.split('#')
      const target = path === '' ? page : join(dirname(page), path)
      expect([link, existsSync(join(root, target))]).toEqual([link, true])
      if (anchor !== undefined)
        expect([link, anchorsOf(target)]).toEqual([link, expect.arrayContaining([anchor])])
    }
  })

  function anchorsOf(page: string): string[] {
    return [...withoutCode(read(page)).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-')
    )
  }

  function withoutCode(text: string): string {
    return text.replace(/^```[\s\S]*?^```/gm, '')
  }
})

describe('examples', () => {
  const folder = join(root, 'test-output', 'docs')
  const examples = pages
    .flatMap(codeBlocksOf)
    .filter(isProgram)
    .map(({ name, code }) => ({ file: `${name}.ts`, code }))

  beforeAll(() => {
    rmSync(folder, { recursive: true, force: true })
    mkdirSync(folder, { recursive: true })
    for (const { file, code } of examples) writeFileSync(join(folder, file), code)
    const config = { extends: '../../tsconfig.json', include: ['.'] }
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
  })

  test('that are complete compile', async () => {
    expect(examples.length).toBeGreaterThan(5)
    const compile = run(join(root, 'node_modules/.bin/tsc'), ['-p', folder])
    expect(await compile.catch(({ stdout, message }) => stdout || message)).toEqual({
      stdout: '',
      stderr: ''
    })
  }, 60_000)

  test('of testing.md pass', async () => {
    const files = examples.map(({ file }) => file).filter((file) => file.startsWith('testing-'))
    expect(files).toHaveLength(2)
    const { NODE_OPTIONS: _, ...env } = process.env
    const tsx = join(root, 'node_modules/.bin/tsx')
    const args = ['--tsconfig', 'tsconfig.json', '--test', '--test-reporter=tap']
    const { stdout } = await run(tsx, [...args, ...files.map((file) => join(folder, file))], {
      cwd: root,
      env
    }).catch((failure) => failure)
    expect(stdout).toMatch(/^# fail 0$/m)
    expect(stdout).toMatch(/^# pass [1-9]/m)
  }, 60_000)
})
