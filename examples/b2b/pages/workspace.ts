import type { Member, Organization } from 'membergate/client'
import type { AuthorizationVerdict, MemberSession } from 'membergate/express'
import { type Html, html } from '../../html.ts'
import { homeOf } from '../paths.ts'
import { type FormError, field, layout, notice, summary } from './layout.ts'

/** Who looks at a page, and of which organization it is. */
export interface Viewer {
  readonly session: MemberSession
  readonly member: Member
  readonly organization: Organization
}

/** A page of an organization. It says which one, above and in the title: two tabs may show two of them. */
export function workspace(
  title: string,
  { session, member, organization }: Viewer,
  content: Html,
  problem?: FormError
): string {
  const home = homeOf(session)
  const links = [
    ['Overview', home],
    ['Members', `${home}/members`],
    ['Reports', `${home}/reports`],
    ['Account', `${home}/account`]
  ]
  return layout(
    `${title} · ${organization.organization_name}`,
    html`
      <header>
        <div class="bar">
          <p class="brand"><a href="${home}">${organization.organization_name}</a></p>
          <a href="/organizations?choose">Switch</a>
          <span class="who">${member.name || member.email_address}</span>
          <form method="post" action="/sign-out"><button class="quiet">Sign out</button></form>
        </div>
        <nav class="tabs" aria-label="${organization.organization_name}">
          ${links.map(
            ([text, path]) =>
              html`<a href="${path}" ${text === title && html`aria-current="page"`}>${text}</a>`
          )}
        </nav>
      </header>
      <main id="main">
        <h1>${title}</h1>
        ${summary(problem)}
        ${content}
      </main>`,
    problem
  )
}

export function overview(viewer: Viewer) {
  const { session, organization } = viewer
  return workspace(
    'Overview',
    viewer,
    html`
      <p>You are signed in to ${organization.organization_name}. This is how that was verified.</p>
      <table>
        <thead><tr><th scope="col">Factor</th><th scope="col">Last given</th></tr></thead>
        <tbody>
          ${session.authentication_factors.map(
            ({ type, delivery_method, last_authenticated_at }) => html`
              <tr>
                <th scope="row">${nameOf(type, delivery_method)}</th>
                <td><time datetime="${last_authenticated_at}">${timeOf(last_authenticated_at)}</time></td>
              </tr>`
          )}
        </tbody>
      </table>
      <h2>Your roles</h2>
      <p>${session.roles.map((role) => html`<span class="badge">${role}</span> `)}</p>`
  )
}

/** Of a member, what a page shows to others. */
export interface ListedMember {
  readonly member_id: string
  readonly name: string
  readonly email_address: string
  /** For administrators: who has no second factor is nothing that all need to know. */
  readonly forAdministrators?: {
    readonly badges: readonly string[]
    readonly secondFactors: string
  }
}

interface Members {
  readonly members: readonly ListedMember[]
  readonly isInvited?: boolean
  readonly email_address?: string
  readonly name?: string
  readonly problem?: FormError
}

export function members(viewer: Viewer, shown: Members) {
  const { members, isInvited, email_address, name, problem } = shown
  // Only what is shown. What may be done is for the guard of the form's address to say.
  const showsInvitation = isAdministrator(viewer.session)
  return workspace(
    'Members',
    viewer,
    html`
      ${notice(isInvited && 'The invitation is on its way.')}
      <table>
        <thead>
          <tr>
            <th scope="col">Name</th>
            ${showsInvitation && html`<th scope="col">Second factor</th>`}
          </tr>
        </thead>
        <tbody>
          ${members.map(
            (member) => html`
              <tr>
                <th scope="row">
                  <strong>${member.name || 'No name yet'}</strong>
                  ${member.member_id === viewer.member.member_id && html`<span class="badge">You</span>`}
                  ${member.forAdministrators?.badges.map((badge) => html`<span class="badge">${badge}</span>`)}
                  <small>${breakable(member.email_address)}</small>
                </th>
                ${member.forAdministrators && html`<td>${member.forAdministrators.secondFactors}</td>`}
              </tr>`
          )}
        </tbody>
      </table>
      ${
        showsInvitation
          ? html`
            <h2>Invite somebody</h2>
            <form class="narrow" method="post" action="${homeOf(viewer.session)}/members">
              ${field({ name: 'name', label: 'Name', more: html`autocomplete="off" maxlength="128"`, value: name, problem })}
              ${field({ name: 'email_address', label: 'E-mail address', more: html`type="email" autocomplete="off"`, value: email_address, problem })}
              <button>Send the invitation</button>
            </form>`
          : html`<p>Administrators can invite more.</p>`
      }`,
    problem
  )
}

export function isAdministrator({ roles }: MemberSession): boolean {
  return roles.includes('stytch_admin')
}

/** A page for some roles only. The verdict knows which of the member's roles opened it. */
export function reports(viewer: Viewer, { granting_roles }: AuthorizationVerdict) {
  return workspace(
    'Reports',
    viewer,
    html`
      <p>You may read this because you are ${granting_roles.map((role) => html`<span class="badge">${role}</span> `)}</p>
      <table>
        <thead><tr><th scope="col">Quarter</th><th scope="col">Launches</th></tr></thead>
        <tbody>
          <tr><th scope="row">First</th><td>3</td></tr>
          <tr><th scope="row">Second</th><td>5</td></tr>
        </tbody>
      </table>`
  )
}

/** Narrow screens break an address before its @. */
function breakable(email_address: string): Html {
  const [local, domain] = email_address.split('@')
  return html`${local}<wbr>@${domain}`
}

const names: Readonly<Record<string, string>> = {
  password: 'Password',
  magic_link: 'Link by e-mail',
  totp: 'Authenticator app',
  recovery_codes: 'Recovery code',
  otp: 'Code by text message',
  imported: 'Imported session'
}

function nameOf(type: string, delivery_method: string): string {
  return names[type] ?? `${type} (${delivery_method})`
}

function timeOf(moment: string | undefined): string {
  return moment === undefined ? 'Unknown' : `${moment.slice(0, 16).replace('T', ', ')} UTC`
}
