import { html } from '../../html.ts'
import { card, type FormError, field } from './layout.ts'
import type { Viewer } from './workspace.ts'

/** An organization that a person could enter, as its button says it. */
export interface Entry {
  readonly name: string
  readonly organization_id: string
  /** What it would ask for. */
  readonly note: string
  /** Where to go on to. */
  readonly return_to: string
}

interface Choose {
  readonly email_address: string
  readonly entries: readonly Entry[]
  readonly problem?: FormError
}

/** After a discovery sign-in: an e-mail address is verified, and no organization chosen yet. */
export function choose({ email_address, entries, problem }: Choose) {
  const isFirst = entries.length === 0
  return card(
    isFirst ? 'Create your organization' : 'Choose an organization',
    html`
      <p>You are ${email_address}${isFirst && ', a member of none so far'}.</p>
      ${list('/organizations', entries)}
      <form method="post" action="/organizations/new" ${!isFirst && html`class="apart"`}>
        ${field({ name: 'organization_name', label: isFirst ? 'Its name' : 'Or create a new one', more: html`maxlength="128" autocomplete="organization"`, problem })}
        <button ${!isFirst && html`class="other"`}>Create it</button>
      </form>
      <form method="post" action="/sign-out"><button class="plain">Sign in as somebody else</button></form>`,
    problem
  )
}

/**
 * For a member who is signed in.
 *
 * @param isRefused what was asked for is of an organization that this browser is not in
 */
export function switcher(
  { session, member, organization }: Viewer,
  entries: readonly Entry[],
  { isRefused }: { readonly isRefused: boolean }
) {
  const others = entries.filter(
    ({ organization_id }) => organization_id !== session.organization_id
  )
  const here = organization.organization_name
  return card(
    isRefused ? 'That is another organization' : 'Your organizations',
    html`
      <p>
        ${isRefused && 'What you asked for is of an organization that this browser is not in. Nothing was changed. '}
        You are signed in to <strong>${here}</strong> as ${member.email_address}.
      </p>
      ${list('/organizations/switch', others)}
      <p class="or"><a href="/">Back to ${here}</a></p>`
  )
}

function list(action: string, entries: readonly Entry[]) {
  return html`${
    entries.length > 0 &&
    html`
      <ul class="choices">
        ${entries.map(
          ({ organization_id, name, note, return_to }) => html`
            <li>
              <form method="post" action="${action}">
                <input type="hidden" name="organization_id" value="${organization_id}">
                <input type="hidden" name="return_to" value="${return_to}">
                <button class="choice"><strong>${name}</strong> <small>${note}</small></button>
              </form>
            </li>`
        )}
      </ul>`
  }`
}
