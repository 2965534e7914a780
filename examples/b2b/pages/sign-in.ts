import { html } from '../../html.ts'
import {
  card,
  emailAttributes,
  type FormError,
  field,
  hidden,
  newPasswordAttributes,
  notice
} from './layout.ts'

interface Form {
  readonly return_to?: string
  readonly email_address?: string
  readonly organization_slug?: string
  readonly problem?: FormError
}

/** @param signedInTo the organization that this browser is signed in to already */
export function signIn({ return_to, email_address, problem, signedInTo }: Form & SignedIn) {
  return card(
    'Sign in',
    html`
      ${signedInTo && html`<p class="notice">You are signed in to ${signedInTo}. <a href="/">Go on there</a>, or sign in again.</p>`}
      <form method="post" action="/sign-in">
        ${hidden('return_to', return_to)}
        ${field({ name: 'email_address', label: 'E-mail address', more: emailAttributes, value: email_address, problem })}
        <button>E-mail me a link</button>
      </form>
      <p class="or"><a href="${withReturn('/sign-in/password', return_to)}">Use a password instead</a></p>`,
    problem
  )
}

interface SignedIn {
  readonly signedInTo?: string | undefined
}

export function sent() {
  return card(
    'Look into your mailbox',
    html`
      <p>If the address is right, a link is on its way. It works once, for an hour.</p>
      <p class="or"><a href="/sign-in">Use another address</a></p>`
  )
}

/** A link must not sign a person in by being looked at: mail scanners do that. So a person presses a button. */
export function follow(action: string, token: string, return_to: string, problem?: FormError) {
  return card(
    problem === undefined ? 'Continue signing in' : 'This link does not work',
    html`
      ${
        problem === undefined &&
        html`
          <p>You followed a link from an e-mail. Continue only if you asked for it, or were invited.</p>
          <form method="post" action="${action}">
            ${hidden('token', token)}
            ${hidden('return_to', return_to)}
            <button>Continue</button>
          </form>`
      }
      <p class="or"><a href="${withReturn('/sign-in', return_to)}">Ask for a new link</a></p>`,
    problem
  )
}

export function password({ return_to, email_address, organization_slug, problem }: Form) {
  return card(
    'Sign in with a password',
    html`
      <form method="post" action="/sign-in/password">
        ${hidden('return_to', return_to)}
        ${field({ name: 'organization_slug', label: 'Organization', hint: 'As it stands in its addresses, such as acme', more: organizationAttributes, value: organization_slug, problem })}
        ${field({ name: 'email_address', label: 'E-mail address', more: emailAttributes, value: email_address, problem })}
        ${field({ name: 'password', label: 'Password', more: currentPassword, problem })}
        <button>Sign in</button>
      </form>
      <ul class="or">
        <li><a href="/sign-in/forgot">Forgot your password?</a></li>
        <li><a href="${withReturn('/sign-in', return_to)}">E-mail me a link instead</a></li>
      </ul>`,
    problem
  )
}

interface Primary {
  readonly organization_name: string
  readonly email_address: string
  /** As the organization's settings name them. */
  readonly methods: readonly string[]
  readonly isSent?: boolean
  readonly problem?: FormError
}

/** The organization does not accept what was verified so far. */
export function primary({ organization_name, email_address, methods, isSent, problem }: Primary) {
  return card(
    `One more step for ${organization_name}`,
    html`
      ${notice(isSent && 'A link is on its way. Follow it in this browser.')}
      <p>${organization_name} asks ${email_address} for another way to sign in.</p>
      ${
        methods.includes('password') &&
        html`
          <form method="post" action="/sign-in/primary">
            ${field({ name: 'password', label: `Password for ${organization_name}`, more: currentPassword, problem })}
            <button>Continue</button>
          </form>`
      }
      ${
        methods.includes('magic_link') &&
        html`<form method="post" action="/sign-in/primary/link"><button class="other">E-mail me a link</button></form>`
      }
      <form method="post" action="/sign-out"><button class="plain">Sign in as somebody else</button></form>`,
    problem
  )
}

export function forgot({ email_address, organization_slug, problem }: Form) {
  return card(
    'Reset your password',
    html`
      <p>You are sent a link to set a new one.</p>
      <form method="post" action="/sign-in/forgot">
        ${field({ name: 'organization_slug', label: 'Organization', more: organizationAttributes, value: organization_slug, problem })}
        ${field({ name: 'email_address', label: 'E-mail address', more: emailAttributes, value: email_address, problem })}
        <button>E-mail me a link</button>
      </form>
      <p class="or"><a href="/sign-in/password">Back to signing in</a></p>`,
    problem
  )
}

export function reset(token: string, problem?: FormError) {
  const hint = 'Several words that do not belong together are strong, and easy to remember.'
  return card(
    'Set a new password',
    html`
      <form method="post" action="/sign-in/reset">
        ${hidden('token', token)}
        ${field({ name: 'password', label: 'New password', hint, more: newPasswordAttributes, problem })}
        <button>Set the password</button>
      </form>
      <p class="or"><a href="/sign-in/forgot">Ask for a new link</a></p>`,
    problem
  )
}

const organizationAttributes = html`autocomplete="organization" autocapitalize="none" spellcheck="false"`

const currentPassword = html`type="password" autocomplete="current-password"`

function withReturn(page: string, return_to: string | undefined): string {
  return return_to ? `${page}?${new URLSearchParams({ return_to })}` : page
}
