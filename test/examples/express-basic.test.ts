import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createMemberAuth } from 'membergate/express'
import request from 'supertest'
import { createApp } from '../../examples/express-basic/app.ts'
import { html } from '../../examples/html.ts'
import { ada, alan, grace, katherine } from '../../examples/seed.ts'
import { describeJsonApi } from './json-api.ts'
import { type Example, type ExampleOptions, openExample } from './open-example.ts'

const paths = { loginPath: '/sign-in', mfaPath: '/mfa' }

function createListener(options: ExampleOptions) {
  return createApp(createMemberAuth({ ...options, ...paths, onRefusal: 'next' }))
}

describe('examples/express-basic', () => {
  describeJsonApi(createListener)

  describe('the pages', () => {
    let example: Example

    beforeAll(async () => {
      example = await openExample(createListener)
    })

    afterAll(() => example.close())

    function openBrowser() {
      return request.agent(example.listener).set('Accept', 'text/html')
    }

    type Browser = ReturnType<typeof openBrowser>

    function signIn(browser: Browser, person: Person, return_to = '', organization_slug = 'acme') {
      const { email_address, password } = person
      return browser
        .post('/sign-in')
        .type('form')
        .send({ organization_slug, email_address, password, return_to })
    }

    function sendCode(browser: Browser, code: string) {
      return browser.post('/mfa/totp').type('form').send({ code })
    }

    test('send people who are not signed in to sign in, and back', async () => {
      const browser = openBrowser()
      const { status, headers } = await browser.get('/members?page=2')
      expect([status, headers.location]).toEqual([303, '/sign-in?return_to=%2Fmembers%3Fpage%3D2'])
      const form = await browser.get(headers.location ?? '')
      expect(form.text).toContain('name="return_to" value="/members?page=2"')
      const done = await signIn(browser, grace, '/members?page=2')
      expect([done.status, done.headers.location]).toEqual([303, '/members?page=2'])
    })

    test('send a half-signed-in member on to the code, and afterwards back', async () => {
      const browser = openBrowser()
      const begun = await signIn(browser, alan, '/members?page=3')
      expect([begun.status, begun.headers.location]).toEqual([303, '/mfa/totp'])
      const early = await browser.get('/members')
      expect([early.status, early.headers.location]).toEqual([303, '/mfa/totp'])
      const again = await signIn(browser, alan, '/members?page=3')
      expect(again.headers.location).toBe('/mfa/totp')

      const wrong = await sendCode(browser, '000000')
      expect(wrong.status).toBe(401)
      expect(wrong.text).toContain('role="alert"')

      const done = await sendCode(browser, example.nextCode())
      expect([done.status, done.headers.location]).toEqual([303, '/members?page=3'])
      expect((await browser.get('/members')).status).toBe(200)
    })

    test('ask for the code of the member who signs in, also over the session of another', async () => {
      const browser = openBrowser()
      await signIn(browser, grace)
      const { headers } = await signIn(browser, alan)
      expect(headers.location).toBe('/mfa/totp')
    })

    test('let a member enrol whose organization demands a second factor', async () => {
      const browser = openBrowser()
      await signIn(browser, katherine, '', 'globex')
      const code = await browser.get('/mfa/totp')
      expect([code.status, code.headers.location]).toEqual([303, '/mfa/enroll'])
      expect((await browser.get('/mfa/enroll')).status).toBe(200)

      const scan = await browser.post('/mfa/enroll')
      expect(scan.status).toBe(200)
      expect(scan.text).toContain('src="data:image/png;base64,')
      expect([scan.headers['cache-control'], scan.headers.etag]).toEqual(['no-store', undefined])
      const [, secret = ''] = /<code>([A-Z2-7 ]+)<\/code>/.exec(scan.text) ?? []
      const done = await sendCode(browser, example.nextCode(secret.replaceAll(' ', '')))
      expect([done.status, done.headers.location]).toEqual([303, '/'])
      expect((await browser.get('/members')).text).toContain('Globex')
    })

    test.each([
      ['get', '/mfa/totp'],
      ['get', '/mfa/enroll'],
      ['post', '/mfa/enroll']
    ] as const)(
      'answer %s %s with the sign-in form when no sign-in is pending',
      async (method, path) => {
        const { status, text } = await openBrowser()[method](path)
        expect(status).toBe(401)
        expect(text).toContain('This sign-in is over.')
        expect(text).toContain('action="/sign-in"')
      }
    )

    test('end a sign-in after five wrong codes', async () => {
      const browser = openBrowser()
      await signIn(browser, alan)
      for (let tries = 0; tries < 5; tries += 1) await sendCode(browser, '000000')
      const { status, text } = await sendCode(browser, example.nextCode())
      expect(status).toBe(401)
      expect(text).toContain('This sign-in is over.')
    })

    test('keep what was typed after a wrong password, but not the password', async () => {
      const wrong = { ...grace, password: 'swordfish' }
      const { status, text } = await signIn(openBrowser(), wrong, '/members?page=2')
      expect(status).toBe(401)
      expect(text).toContain('role="alert"')
      expect(text).toContain(grace.email_address)
      expect(text).toContain('/members?page=2')
      expect(text).not.toContain('swordfish')
    })

    test.each([
      '//evil.example',
      'https://evil.example/',
      '/\\evil.example',
      'javascript:alert(1)'
    ])('never return to %s', async (return_to) => {
      const { headers } = await signIn(openBrowser(), grace, return_to)
      expect(headers.location).toBe('/')
    })

    test('show the form to administrators only, and refuse the others kindly', async () => {
      const { members } = example.client.organizations
      const { member_id } = await members.get({
        organization_id: 'acme',
        email_address: grace.email_address
      })
      const edit = `/members/${member_id}`
      const administrator = openBrowser()
      await signIn(administrator, ada)
      expect((await administrator.get('/members')).text).toContain(`action="${edit}"`)
      const saved = await administrator.post(edit).type('form').send({ name: 'Grace <b>Hopper' })
      expect([saved.status, saved.headers.location]).toEqual([303, '/members?saved'])

      const member = openBrowser()
      await signIn(member, grace)
      const list = await member.get('/members')
      expect(list.text).not.toContain('action="/members/')
      expect(list.text).toContain('Grace &#60;b&#62;Hopper')
      const denied = await member.post(edit).type('form').send({ name: 'Admiral' })
      expect(denied.status).toBe(403)
      expect(denied.headers['content-type']).toMatch('text/html')
      expect(denied.text).toContain('Only administrators may do this')
    })

    test('sign out by form', async () => {
      const browser = openBrowser()
      await signIn(browser, grace)
      const { status, headers } = await browser.post('/sign-out')
      expect([status, headers.location]).toEqual([303, '/sign-in'])
      expect((await browser.get('/members')).status).toBe(303)
    })

    test('refuse a form that another site sent', async () => {
      const { status, text } = await signIn(openBrowser().set('Origin', 'null'), grace)
      expect(status).toBe(403)
      expect(text).toContain('That did not work')
    })

    test('say so while the authority cannot be reached', async () => {
      const listener = createListener({ ...example.options, url: 'http://127.0.0.1:1/' })
      const { email_address, password } = grace
      const { status, text, headers } = await request(listener)
        .post('/sign-in')
        .type('form')
        .send({ organization_slug: 'acme', email_address, password, return_to: '' })
      expect([status, headers['content-type']]).toEqual([503, 'text/html; charset=utf-8'])
      expect(Number(headers['retry-after'])).toBeGreaterThan(0)
      expect(text).toContain('That did not work')
    })

    test('run no script, load nothing from elsewhere and fit in no frame', async () => {
      for (const path of ['/sign-in', '/mfa/sms', '/style.css']) {
        const { status, headers } = await openBrowser().get(path)
        expect(status).toBe(200)
        expect(headers['content-security-policy']).toBe(
          "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
        )
        expect(headers['x-content-type-options']).toBe('nosniff')
        expect(headers['referrer-policy']).toBe('same-origin')
        expect(headers['x-powered-by']).toBeUndefined()
      }
    })
  })

  describe('the tag html', () => {
    test('escapes every value, and leaves out what is missing', () => {
      const evil = `<img src=x onerror='a("b")'>&`
      expect(String(html`<p title="${evil}">${undefined}${null}${false}${0}</p>`)).toBe(
        '<p title="&#60;img src=x onerror=&#39;a(&#34;b&#34;)&#39;&#62;&#38;">0</p>'
      )
    })

    test('takes its own markup and lists of it as they are, and nothing that looks like it', () => {
      expect(String(html`${[html`<i>`, html`<b>`]}`)).toBe('<i><b>')
      expect(String(html`${{ toString: () => '<i>' }}`)).toBe('&#60;i&#62;')
    })
  })
})

interface Person {
  readonly email_address: string
  readonly password: string
}
