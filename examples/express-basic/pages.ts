import { type Html, html } from '../html.ts'

interface SignInForm {
  readonly organization_slug?: unknown
  readonly email_address?: unknown
  /** Where to go afterwards. It is only carried along here; `completeSignIn` checks it. */
  readonly return_to?: unknown
  readonly problem?: string
}

export function signIn({ organization_slug, email_address, return_to, problem }: SignInForm) {
  return card(
    'Sign in',
    html`
      ${alert(problem)}
      <form method="post" action="/sign-in">
        <input type="hidden" name="return_to" value="${return_to}">
        <label for="organization_slug">Organization</label>
        <input id="organization_slug" name="organization_slug" value="${organization_slug}" required
          autocomplete="organization" autocapitalize="none" spellcheck="false" placeholder="acme">
        <label for="email_address">E-mail address</label>
        <input id="email_address" name="email_address" value="${email_address}" type="email" required
          autocomplete="username">
        <label for="password">Password</label>
        <input id="password" name="password" type="password" required autocomplete="current-password"
          ${problem && email_address && html`autofocus aria-describedby="problem"`}>
        <button>Sign in</button>
      </form>`
  )
}

export function totp({ problem }: { readonly problem?: string } = {}) {
  return card(
    'Enter your code',
    html`
      <p>Open your authenticator app and type the six digits it shows for this account.</p>
      ${alert(problem)}
      ${codeForm(problem)}
      ${startOver}`
  )
}

export function enroll() {
  return card(
    'Add a second factor',
    html`
      <p>Your organization asks for a code from an authenticator app besides your password. You will need your phone.</p>
      <form method="post" action="/mfa/enroll">
        <button>Show the QR code</button>
      </form>
      ${startOver}`
  )
}

export function scan({ qr_code, secret }: { readonly qr_code: string; readonly secret: string }) {
  return card(
    'Scan this code',
    html`
      <p>Scan it with your authenticator app, then type the six digits that the app shows.</p>
      <img class="qr" src="${qr_code}" width="200" height="200" alt="QR code for your authenticator app">
      <details>
        <summary>No camera? Type a key instead</summary>
        <code>${secret.match(/.{1,4}/g)?.join(' ')}</code>
      </details>
      ${codeForm()}
      ${startOver}`
  )
}

export function sms() {
  return card(
    'Text messages are not offered here',
    html`
      <p>This app sends no text messages. Ask your administrator for another second factor.</p>
      ${startOver}`
  )
}

/** Of a member, what a page shows to others. */
export interface ListedMember {
  readonly member_id: string
  readonly name: string
  readonly email_address: string
  /** For administrators: who has no second factor is nothing that all need to know. */
  readonly forAdministrators?: { readonly role: string; readonly secondFactor: string }
}

interface Members {
  readonly organization_name: string
  readonly members: readonly ListedMember[]
  /** The member who looks. */
  readonly me: ListedMember | undefined
  /** Only what is shown. What may be done is for the guard of the form's address to say. */
  readonly showsEditor: boolean
  readonly saved: boolean
}

export function members({ organization_name, members, me, showsEditor, saved }: Members) {
  return layout(
    'Members',
    html`
      <header>
        <nav>
          ${brand}
          <span>${me?.name}</span>
          <form method="post" action="/sign-out"><button class="quiet">Sign out</button></form>
        </nav>
      </header>
      <main>
        <p class="eyebrow">${organization_name}</p>
        <h1>Members</h1>
        <p>${
          showsEditor
            ? 'You may change the names of your colleagues.'
            : 'Administrators may change the names.'
        }</p>
        ${saved && html`<p role="status">The new name is saved.</p>`}
        <table>
          <thead>
            <tr>
              <th scope="col">Name</th>
              ${showsEditor && html`<th scope="col">Role</th><th scope="col">Second factor</th>`}
            </tr>
          </thead>
          <tbody>
            ${members.map(
              (member) => html`
                <tr>
                  <th scope="row">
                    <strong>${member.name}</strong>
                    ${member === me && html`<span class="badge">You</span>`}
                    <small>${member.email_address}</small>
                    ${showsEditor && nameForm(member)}
                  </th>
                  ${detailCells(member)}
                </tr>`
            )}
          </tbody>
        </table>
      </main>`
  )
}

function detailCells({ forAdministrators }: ListedMember) {
  if (forAdministrators === undefined) return undefined
  const { role, secondFactor } = forAdministrators
  return html`
    <td>${role === 'Admin' ? html`<span class="badge strong">Admin</span>` : role}</td>
    <td>${secondFactor}</td>`
}

function nameForm({ member_id, name, email_address }: ListedMember) {
  return html`
    <details>
      <summary>Edit<span class="hidden"> the name of ${name || email_address}</span></summary>
      <form class="row" method="post" action="/members/${encodeURIComponent(member_id)}">
        <label class="hidden" for="name-${member_id}">New name</label>
        <input id="name-${member_id}" name="name" value="${name}" required maxlength="128" autocomplete="off">
        <button>Save</button>
      </form>
    </details>`
}

export function notAllowed() {
  return card(
    'Only administrators may do this',
    html`
      <p>Nothing was changed. Ask an administrator of your organization to do it for you.</p>
      ${backToMembers}`
  )
}

export function problem(sentence: string) {
  return card(
    'That did not work',
    html`
      <p>${sentence}</p>
      ${backToMembers}`
  )
}

function codeForm(problem?: string) {
  return html`
    <form method="post" action="/mfa/totp">
      <label for="code">Six-digit code</label>
      <input id="code" name="code" class="code" required autofocus inputmode="numeric" pattern="[0-9]{6}" maxlength="6"
        autocomplete="one-time-code" ${problem && html`aria-describedby="problem"`}>
      <button>Continue</button>
    </form>`
}

const startOver = html`<p><a href="/sign-in">Start over</a></p>`

const backToMembers = html`<p><a href="/members">Back to the members</a></p>`

const brand = html`<a class="brand" href="/members">Roster</a>`

function alert(problem: string | undefined) {
  return problem && html`<p id="problem" role="alert">${problem}</p>`
}

/** A page with one thing to do. */
function card(title: string, content: Html): string {
  return layout(
    title,
    html`
      <main class="card">
        ${brand}
        <h1>${title}</h1>
        ${content}
      </main>`
  )
}

function layout(title: string, content: Html): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${title} · Roster</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/style.css">
      </head>
      <body>${content}</body>
    </html>`.toString()
}
