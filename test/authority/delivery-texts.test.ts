import { describe, expect, test } from '@jest/globals'
import type { EmailKind, Locale, NoticeKind } from '../../src/authority/delivery/delivery.ts'
import { emailText, noticeText, smsText, textLocale } from '../../src/authority/delivery/texts.ts'

const locales: readonly Locale[] = ['en', 'es', 'pt-br', 'fr']
const kinds: readonly EmailKind[] = [
  'login',
  'signup',
  'invite',
  'discovery',
  'reset_password',
  'email_update',
  'email_otp',
  'discovery_email_otp'
]
const link = 'https://app.example/auth?a=1&stytch_token_type=multi_tenant_magic_links&token=abc'

describe('the language of a message', () => {
  test.each([
    [undefined, 'en'],
    ['en', 'en'],
    ['EN', 'en'],
    ['es', 'es'],
    ['pt-br', 'pt-br'],
    ['PT-BR', 'pt-br'],
    ['pt-BR', 'pt-br'],
    ['fr', 'fr'],
    ['it', 'en'],
    ['de-DE', 'en'],
    ['zh-Hans', 'en'],
    ['ca-ES', 'en'],
    ['toString', 'en']
  ] as const)('S-LOC-01 S-LOC-02 S-LOC-03 S-LOC-04 S-LOC-05 for %s is %s', (locale, expected) => {
    expect(textLocale(locale)).toBe(expected)
  })
})

describe('a text message', () => {
  test.each([
    ['en', 'Your verification code is 123456. Do not share it with anyone.'],
    ['es', 'Tu código de verificación es 123456. No lo compartas con nadie.'],
    ['pt-br', 'Seu código de verificação é 123456. Não o compartilhe com ninguém.'],
    ['fr', 'Votre code de vérification est 123456. Ne le communiquez à personne.']
  ] as const)('S-LOC-01 S-LOC-02 S-LOC-03 in %s', (locale, text) => {
    expect(smsText('123456', locale)).toBe(text)
  })

  test.each(locales)('in %s fits one segment, whatever its alphabet', (locale) => {
    expect(smsText('123456', locale).length).toBeLessThanOrEqual(70)
  })
})

describe('an e-mail', () => {
  test.each([
    ['en', 'Sign in to Acme', 'Follow this link to sign in:', 'expires in 1 hour.'],
    ['es', 'Inicia sesión en Acme', 'Abre este enlace para iniciar sesión:', 'caduca en 1 hora.'],
    ['pt-br', 'Entre em Acme', 'Abra este link para entrar:', 'expira em 1 hora.'],
    ['fr', 'Connexion à Acme', 'Ouvrez ce lien pour vous connecter :', 'expire dans 1 heure.']
  ] as const)('in %s says what its link is for and how long', (locale, subject, lead, expires) => {
    const content = { link, organization_name: 'Acme', minutes: 60 }
    const email = emailText('login', content, locale)
    expect(email.subject).toBe(subject)
    expect(email.text.split('\n\n').slice(0, 2)).toEqual([lead, link])
    expect(email.text.replaceAll('\u00a0', ' ')).toContain(expires)
    expect(email.html).toContain(`<html lang="${locale}">`)
    expect(email.html).toContain(lead)
    expect(email.html).toContain(`<a href="${link.replaceAll('&', '&amp;')}">`)
  })

  test.each(kinds)(
    'of the kind %s is complete in every language, with and without a name',
    (kind) => {
      for (const locale of locales) {
        for (const key of [{ link }, { code: '123456' }]) {
          const named = emailText(kind, { ...key, organization_name: 'Acme', minutes: 10 }, locale)
          const unnamed = emailText(kind, { ...key, minutes: 10 }, locale)
          expect(named.subject).toContain('Acme')
          expect(unnamed.subject).not.toMatch(/Acme|undefined/)
          for (const { subject, text, html } of [named, unnamed]) {
            expect(text).toContain('link' in key ? link : '123456')
            expect(html).toContain('link' in key ? link.replaceAll('&', '&amp;') : '123456')
            expect(subject + text + html.replace(/style="[^"]*"/g, '')).not.toMatch(
              /[{}]|undefined/
            )
          }
        }
      }
    }
  )

  test.each([
    [2, '2 minutes'],
    [60, '1 hour'],
    [90, '90 minutes'],
    [1440, '1 day'],
    [10_080, '7 days']
  ])('calls %s minutes %s', (minutes, duration) => {
    expect(emailText('invite', { link, minutes }, 'en').text).toContain(`expires in ${duration}.`)
  })

  test.each([
    'Acme & Söhne, Inc.',
    "L'Étoile (Paris)",
    'Zażółć 24',
    'St. Mary’s',
    '東京 株式会社',
    'Studio 1984, No. 12'
  ])('AO-11 names the organization %s', (organization_name) => {
    const { subject, html } = emailText('login', { link, organization_name, minutes: 60 }, 'en')
    expect(subject).toBe(`Sign in to ${organization_name}`)
    expect(html).not.toContain('& S')
  })

  test.each([
    'Win at evil.example',
    'https://evil.example',
    'www.evil.example/x',
    'Write to mallory@evil',
    'Acme\r\nBcc: mallory@evil.example',
    'Acme\nYour account is locked',
    'Acme\u2028Locked',
    'Acme\u202egro',
    '<a href=x>Acme</a>',
    '<img src=x>',
    '{link}',
    '%0d%0a',
    'Call +1 (800) 555-0199',
    '1-800. 555. 0199',
    'Call 800 or rather 555 then 0199',
    "8'0'0, 5!5!5, 0&1&9&9",
    '８００ ５５５ ０１９９',
    '٨٠٠. ٥٥٥. ٠١٩٩',
    '८००. ५५५. ०१९९',
    '八零零。五五五。零一九九',
    '电话 八零零 五五五 零一九九',
    '800\u200b555\u200b0199',
    '8\u20600\u00ad0\u200d5\ufeff55 0199',
    '8\u03010\u03010\u03015\u03015\u03015\u03010',
    '',
    '$&',
    'evil。example'
  ])('AO-11 does not repeat the name %j', (organization_name) => {
    const content = { link, organization_name, minutes: 60 }
    expect(emailText('login', content, 'en')).toEqual(
      emailText('login', { link, minutes: 60 }, 'en')
    )
  })

  test('escapes a link that would leave its attribute', () => {
    const { html } = emailText('login', { link: 'https://x/"><b>\'', minutes: 60 }, 'en')
    expect(html).toContain('<a href="https://x/&quot;&gt;&lt;b&gt;&#39;">')
    expect(html).not.toContain('<b>')
  })
})

describe('a notice', () => {
  const kinds: readonly NoticeKind[] = [
    'email_changed',
    'password_changed',
    'password_removed',
    'mfa_added',
    'mfa_removed',
    'recovery_code_used',
    'unlocked'
  ]

  test.each(locales)(
    'in %s says of each change another thing, and names the organization',
    (locale) => {
      const texts = kinds.map((kind) => noticeText(kind, 'Acme', locale))
      for (const { subject, text, html } of texts) {
        expect(subject).toContain('Acme')
        expect(html).toContain(`<html lang="${locale}">`)
        expect(`${text}${html}`).not.toMatch(/https?:|<a |[0-9]{6}|\{/)
      }
      expect(new Set(texts.map(({ text }) => text)).size).toBe(kinds.length)
      expect(new Set(texts.map(({ subject }) => subject)).size).toBe(kinds.length)
    }
  )

  test.each(locales)('in %s leaves out a name that would be a link', (locale) => {
    for (const kind of kinds) {
      const { subject, text, html } = noticeText(kind, 'evil.example/now', locale)
      expect(`${subject}${text}${html}`).not.toContain('evil')
    }
  })
})
