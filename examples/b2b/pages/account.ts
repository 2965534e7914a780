import { html } from '../../html.ts'
import { homeOf } from '../paths.ts'
import { type FormError, field, newPasswordAttributes, notice } from './layout.ts'
import { type Viewer, workspace } from './workspace.ts'

export function account(viewer: Viewer, { isChanged }: { readonly isChanged: boolean }) {
  const { session, member } = viewer
  const home = `${homeOf(session)}/account`
  const hasTotp = member.totp_registration_id !== ''
  const hasPhone = member.mfa_phone_number_verified
  return workspace(
    'Account',
    viewer,
    html`
      ${notice(isChanged && 'The password is changed. Every other session of yours has ended.')}
      <p>You are ${member.name || 'a member'}, ${member.email_address}.</p>
      <section class="panel">
        <h2>Password</h2>
        <p>You are asked to prove that it is you, unless you just did.</p>
        <a class="button" href="${home}/password">Change the password</a>
      </section>
      <section class="panel">
        <h2>Second factor</h2>
        <p>${hasTotp || hasPhone ? `Set up: ${[hasTotp && 'authenticator app', hasPhone && `phone ending in ${member.mfa_phone_number.slice(-4)}`].filter(Boolean).join(' and ')}.` : 'None is set up.'}</p>
        ${!(hasTotp && hasPhone) && html`<a class="button" href="/mfa/enroll?return_to=${encodeURIComponent(home)}">${hasTotp || hasPhone ? 'Set up another' : 'Set one up'}</a>`}
      </section>
      <section class="panel">
        <h2>Sessions</h2>
        <p>Lost a device? End every session of yours in this organization, this one included.</p>
        <form method="post" action="${home}/sign-out-everywhere"><button class="danger">Sign out everywhere</button></form>
      </section>`
  )
}

export function changePassword(viewer: Viewer, problem?: FormError) {
  const hint = 'Several words that do not belong together are strong, and easy to remember.'
  return workspace(
    'Change the password',
    viewer,
    html`
      <form class="narrow" method="post" action="${homeOf(viewer.session)}/account/password">
        <input type="hidden" name="username" value="${viewer.member.email_address}" autocomplete="username">
        ${field({ name: 'password', label: 'New password', hint, more: newPasswordAttributes, problem })}
        <button>Change it</button>
      </form>`,
    problem
  )
}
