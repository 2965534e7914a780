import type { EmailKind, EmailMessage, Locale, NoticeKind } from './delivery.ts'
import { escapeHtml } from './escape-html.ts'
import { type Language, languages } from './languages.ts'

/** What an e-mail brings: a link or a code. */
export type EmailContent = ({ readonly link: string } | { readonly code: string }) & {
  readonly organization_name?: string
  /** How long the link or the code is good. */
  readonly minutes: number
}

const purposes: Readonly<Record<EmailKind, keyof Language['purposes']>> = {
  login: 'login',
  signup: 'signup',
  invite: 'invite',
  discovery: 'login',
  reset_password: 'reset_password',
  email_update: 'email_update',
  email_otp: 'login',
  discovery_email_otp: 'login'
}

/** The language for a `locale` of a request. What has no translation gets English. */
export function textLocale(locale: string | undefined): Locale {
  const tag = locale?.toLowerCase() ?? ''
  return isLocale(tag) ? tag : 'en'
}

/** Two segments at most, in any language, and nothing in it is written by a client. */
export function smsText(code: string, locale: Locale): string {
  return fill(languages[locale].sms, { code })
}

/** The name of the organization stands in the subject and in the heading, where it reads as a name: see `plainName`. */
export function emailText(
  kind: EmailKind,
  content: EmailContent,
  locale: Locale
): Pick<EmailMessage, 'subject' | 'text' | 'html'> {
  const language = languages[locale]
  const { subject, subjectOf, action } = language.purposes[purposes[kind]]
  const organization = plainName(content.organization_name)
  const heading = organization === undefined ? subject : fill(subjectOf, { organization })
  const [lead, expires] =
    'link' in content
      ? [language.link, language.linkExpires]
      : [language.code, language.codeExpires]
  const paragraphs = {
    lead: fill(lead, { action }),
    expires: fill(expires, { duration: durationText(content.minutes, locale) }),
    unexpected: language.unexpected
  }
  const key = 'link' in content ? content.link : content.code
  return {
    subject: heading,
    text: `${[paragraphs.lead, key, paragraphs.expires, paragraphs.unexpected].join('\n\n')}\n`,
    html: page(locale, [
      `<h1 style="font-size:1.25em">${escapeHtml(heading)}</h1>`,
      `<p>${escapeHtml(paragraphs.lead)}</p>`,
      'link' in content ? anchor(content.link) : strong(content.code),
      `<p>${escapeHtml(paragraphs.expires)}<br>${escapeHtml(paragraphs.unexpected)}</p>`
    ])
  }
}

/** It names nothing that the reader could be lured by: no link, no code, no address. */
export function noticeText(
  kind: NoticeKind,
  organization_name: string,
  locale: Locale
): Pick<EmailMessage, 'subject' | 'text' | 'html'> {
  const { notices, expected, notExpected } = languages[locale]
  const { subject, subjectOf, happened } = notices[kind]
  const organization = plainName(organization_name)
  const heading = organization === undefined ? subject : fill(subjectOf, { organization })
  const paragraphs = [happened, expected, notExpected]
  return {
    subject: heading,
    text: `${paragraphs.join('\n\n')}\n`,
    html: page(locale, [
      `<h1 style="font-size:1.25em">${escapeHtml(heading)}</h1>`,
      ...paragraphs.map((paragraph) => `<p>${escapeHtml(paragraph)}</p>`)
    ])
  }
}

function isLocale(tag: string): tag is Locale {
  return Object.hasOwn(languages, tag)
}

/** One pass, so that no value is read as a template. */
function fill(template: string, values: Readonly<Record<string, string>>): string {
  return template.replace(/\{(\w+)\}/g, (_, name: string) => values[name] ?? '')
}

const nameForm = /^(?:[\p{L}\p{M}\p{N} &'’"()+,!-]|\.(?= |$))+$/u

/** Digits of any script, also as words of Chinese and Japanese. */
const digit = /[\p{N}零一二三四五六七八九]/gu

/** Local numbers have seven digits. */
const fewestDigitsOfPhoneNumber = 7

/**
 * A member who may name an organization could otherwise write to strangers in our name. So a name with anything that a mail
 * program makes a link of, an address, a phone number, a line or markup, is left out. A person reads a phone number whatever
 * stands between its digits, so all digits of the name count.
 */
function plainName(name: string | undefined): string | undefined {
  if (name === undefined || !nameForm.test(name)) return undefined
  const digits = name.match(digit)?.length ?? 0
  return digits < fewestDigitsOfPhoneNumber ? name : undefined
}

/** "1 hour", "30 minutos", "7 jours": in the largest unit that needs no fraction. */
function durationText(minutes: number, locale: Locale): string {
  const [unit, count] =
    minutes % 1440 === 0
      ? ['day', minutes / 1440]
      : minutes % 60 === 0
        ? ['hour', minutes / 60]
        : ['minute', minutes]
  const format = new Intl.NumberFormat(locale, { style: 'unit', unit, unitDisplay: 'long' })
  return format.format(count)
}

function page(locale: Locale, body: readonly string[]): string {
  return `<!doctype html>
<html lang="${locale}">
<head><meta charset="utf-8"><meta name="color-scheme" content="light dark"></head>
<body style="font:1rem/1.5 sans-serif;max-width:32rem;margin:2rem auto;padding:0 1rem">
${body.join('\n')}
</body>
</html>
`
}

function anchor(link: string): string {
  const text = escapeHtml(link)
  return `<p style="overflow-wrap:anywhere"><a href="${text}">${text}</a></p>`
}

function strong(code: string): string {
  return `<p style="font-size:1.5em;letter-spacing:.15em"><strong>${escapeHtml(code)}</strong></p>`
}
