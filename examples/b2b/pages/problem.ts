import { html } from '../../html.ts'
import { card } from './layout.ts'

export function problem(sentence: string) {
  return card(
    'That did not work',
    html`
      <p>${sentence}</p>
      <p class="or"><a href="/">Back to the start</a></p>`
  )
}

export function notAllowed() {
  return card(
    'Your roles do not allow this',
    html`
      <p>Nothing was changed. Ask an administrator of your organization to do it for you, or for a role that may.</p>
      <p class="or"><a href="/">Back to the start</a></p>`
  )
}
