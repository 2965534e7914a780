import { type Answer, addReturnPath, privateHeaders } from '../answer/refusal.ts'
import type { HeaderPair } from '../request/cookies.ts'
import { type Html, html } from './html.ts'
import type { ShownTotp } from './mfa-actions.ts'

/** What a page is told. Nothing of it is a token. */
export interface PageView {
  /** `mfaPath`, with `/step-up` for a member who is signed in. */
  readonly base: string
  readonly mfaPath: string
  readonly loginPath: string | undefined
  /** Where a member who is signed in goes on to. A pending sign-in keeps that in its cookie. */
  readonly return_to: string | undefined
  /** Which second factors the organization accepts. */
  readonly methods: readonly string[]
  /** Masked. */
  readonly mfa_phone_number: string
  readonly hasTotp: boolean
  readonly isSent: boolean
  /** What was wrong, and what to do about it. */
  readonly hint?: string
}

type Page = (view: PageView) => { readonly title: string; readonly body: Html }

/** By path below `mfaPath`. */
export const mfaPages: Readonly<Record<string, Page>> = {
  '/enroll': enroll,
  '/totp': totp,
  '/sms': sms,
  '/recovery': recovery,
  '/locked': locked
}

/** Nothing runs, nothing is loaded but the stylesheet and the QR code, and no other page may frame it. */
const pageHeaders: readonly HeaderPair[] = [
  ...privateHeaders,
  ['Content-Type', 'text/html; charset=utf-8'],
  [
    'Content-Security-Policy',
    "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
  ],
  ['X-Frame-Options', 'DENY'],
  ['X-Content-Type-Options', 'nosniff'],
  // With no-referrer, browsers would send `Origin: null` with the forms.
  ['Referrer-Policy', 'same-origin']
]

export function showPage(
  status: number,
  view: PageView,
  page: Page,
  headers: readonly HeaderPair[] = []
): Answer {
  const { title, body } = page(view)
  const { markup } = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${view.hint !== undefined && 'Problem: '}${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${view.mfaPath}/style.css">
</head>
<body>
<main>
<h1>${title}</h1>
${view.hint !== undefined && html`<p class="hint" id="hint" role="alert">${view.hint}</p>`}
${body}
</main>
</body>
</html>
`
  return { status, headers: [...pageHeaders, ...headers], body: markup }
}

function enroll(view: PageView) {
  const { methods } = view
  return {
    title: 'Add a second factor',
    body: html`<p>Besides how you sign in, a code from your phone protects this account.</p>
${methods.includes('totp') && !view.hasTotp && form(view, '/totp/create', html`<button>Use an authenticator app</button>`)}
${methods.includes('sms_otp') && phoneForm(view)}
${methods.length === 0 && html`<p>Your organization accepts none that can be set up here. Ask an administrator.</p>`}
${startOver(view)}`
  }
}

function phoneForm(view: PageView) {
  return form(
    view,
    '/sms/send',
    html`<label for="mfa_phone_number">Phone number, with + and the code of the country</label>
<input id="mfa_phone_number" name="mfa_phone_number" type="tel" inputmode="tel" autocomplete="tel" required placeholder="+1 202 555 0143"${described(view)}>
<button class="other">Send me a code</button>`
  )
}

function totp(view: PageView) {
  return {
    title: 'Enter your code',
    body: html`<p>Type the six digits that your authenticator app shows for this account.</p>
${codeForm(view, { path: '/totp', enrols: !view.hasTotp })}
${others(view, 'totp')}`
  }
}

/** The only time that these secrets are shown. */
export function totpShown({ secret, qr_code, recovery_codes }: ShownTotp): Page {
  return (view) => ({
    title: 'Set up your authenticator app',
    body: html`<p>Scan this with your app, then type the six digits that it shows. It is shown only once.</p>
<img src="${qr_code}" width="200" height="200" alt="QR code for your authenticator app">
<details>
<summary>No camera? Type a key instead</summary>
<p><code>${secret.match(/.{1,4}/g)?.join(' ')}</code></p>
</details>
<h2>Recovery codes</h2>
<p>Keep them where you find them without your phone. Each gets you in once. They are shown only now.</p>
<ul class="codes">
${recovery_codes.map((code) => html`<li><code>${code}</code></li>\n`)}</ul>
${codeForm(view, { path: '/totp', enrols: true, isBelow: true })}
${startOver(view)}`
  })
}

function sms(view: PageView) {
  const { mfa_phone_number, isSent, hasTotp } = view
  const to =
    mfa_phone_number === '' ? 'your phone' : `the number ending in ${mfa_phone_number.slice(-4)}`
  return {
    title: 'Enter the code from your phone',
    body: isSent
      ? html`<p>A code was sent to ${to}. It works for two minutes.</p>
${codeForm(view, { path: '/sms', enrols: !hasTotp })}
${form(view, '/sms/send?sent=1', html`<button class="other">Send another code</button>`)}
${others(view, 'sms')}`
      : html`<p>A code is sent to ${to}.</p>
${form(view, '/sms/send', html`<button>Send me a code</button>`)}
${others(view, 'sms')}`
  }
}

function recovery(view: PageView) {
  return {
    title: 'Use a recovery code',
    body: html`<p>You were given recovery codes when you set up your authenticator app. Each works once.</p>
${form(
  view,
  '/recovery',
  html`<label for="recovery_code">Recovery code</label>
<input id="recovery_code" name="recovery_code" required autofocus autocomplete="off" autocapitalize="none" spellcheck="false" maxlength="64"${described(view)}>
<button>Continue</button>`
)}
${others(view, 'recovery')}`
  }
}

function locked(view: PageView) {
  return {
    title: 'Too many codes were wrong',
    // The hint says the same.
    body: html`${view.hint === undefined && html`<p>This second factor is locked. Use another one, or wait an hour and sign in again. An administrator of your organization can unlock it.</p>`}
${others(view, 'locked')}`
  }
}

/** The pending sign-in is over, or there was none. */
export function over(view: PageView) {
  return {
    title: 'Please sign in again',
    body: html`<p>This sign-in is over: it took longer than ten minutes, too many codes were wrong, or it was finished in another window.</p>
${startOver(view)}`
  }
}

interface CodeForm {
  readonly path: string
  /** Whether the member needs second factors from then on. */
  readonly enrols: boolean
  /** Whether something has to be read first: the focus would scroll past it. */
  readonly isBelow?: boolean
}

function codeForm(view: PageView, { path, enrols, isBelow = false }: CodeForm) {
  return form(
    view,
    path,
    html`<label for="code">Six-digit code</label>
<input class="code" id="code" name="code" required${!isBelow && html` autofocus`} inputmode="numeric" autocomplete="one-time-code" maxlength="12"${described(view)}>
${enrols && html`<input type="hidden" name="set_mfa_enrollment" value="enroll">`}
<button>Continue</button>`
  )
}

function form({ base, return_to }: PageView, path: string, fields: Html) {
  return html`<form method="post" action="${base}${path}">
${return_to !== undefined && html`<input type="hidden" name="return_to" value="${return_to}">`}
${fields}
</form>`
}

function described({ hint }: PageView) {
  return hint !== undefined && html` aria-invalid="true" aria-describedby="hint"`
}

function others(view: PageView, current: string) {
  const { hasTotp, mfa_phone_number } = view
  const links: readonly (readonly [string, string, boolean])[] = [
    ['totp', 'Use your authenticator app', hasTotp],
    ['sms', 'Have a code sent to your phone', mfa_phone_number !== ''],
    ['recovery', 'Use a recovery code', hasTotp],
    ['enroll', 'Set up a second factor', !hasTotp && mfa_phone_number === '']
  ]
  const offered = links.filter(([name, , isOffered]) => isOffered && name !== current)
  return html`${
    offered.length > 0 &&
    html`<ul>
${offered.map(([name, text]) => html`<li><a href="${linkTo(view, `/${name}`)}">${text}</a></li>\n`)}</ul>`
  }
${startOver(view)}`
}

function linkTo({ base, return_to }: PageView, path: string): string {
  return return_to === undefined ? `${base}${path}` : addReturnPath(`${base}${path}`, return_to)
}

function startOver({ loginPath, return_to }: PageView) {
  if (loginPath === undefined) return html``
  const path = return_to === undefined ? loginPath : addReturnPath(loginPath, return_to)
  return html`<p class="quiet"><a href="${path}">Sign in again</a></p>`
}
