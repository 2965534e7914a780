import { type Html, html } from '../../html.ts'

/** What was wrong with a form. It is said once, above, and leads to the field. */
export interface FormError {
  readonly message: string
  readonly field?: string | undefined
}

/** A page with one thing to do. */
export function card(title: string, content: Html, problem?: FormError): string {
  return layout(
    title,
    html`
      <main class="card" id="main">
        <p class="brand">Roster</p>
        <h1>${title}</h1>
        ${summary(problem)}
        ${content}
      </main>`,
    problem
  )
}

export function layout(title: string, content: Html, problem?: FormError): string {
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>${problem && 'Problem: '}${title} · Roster</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/style.css">
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        ${content}
      </body>
    </html>`.toString()
}

/** What went wrong, for eyes and screen readers alike. */
export function summary(problem: FormError | undefined) {
  if (problem === undefined) return undefined
  const { message, field } = problem
  return html`
    <div class="summary" role="alert">
      <h2>There is a problem</h2>
      <p id="problem">${field === undefined ? message : html`<a href="#${field}">${message}</a>`}</p>
    </div>`
}

interface Field {
  readonly name: string
  readonly label: string
  readonly hint?: string
  /** Attributes beside these: what kind of text is wanted. */
  readonly more?: Html
  readonly value?: string
  readonly problem?: FormError | undefined
}

/** A label, a hint, and an input that knows when it is what was wrong. */
export function field({ name, label, hint, more, value, problem }: Field) {
  const isWrong = problem?.field === name
  const described = [hint && `${name}-hint`, isWrong && 'problem'].filter(Boolean).join(' ')
  return html`
    <label for="${name}">${label}</label>
    ${hint && html`<p class="hint" id="${name}-hint">${hint}</p>`}
    <input id="${name}" name="${name}" value="${value}" required ${more}
      ${described && html`aria-describedby="${described}"`} ${isWrong && html`aria-invalid="true" autofocus`}>`
}

export const emailAttributes = html`type="email" autocomplete="username"`

export const newPasswordAttributes = html`type="password" autocomplete="new-password" minlength="8" maxlength="256"`

export function hidden(name: string, value: string | undefined) {
  return html`<input type="hidden" name="${name}" value="${value}">`
}

export function notice(text: string | false | undefined) {
  return text && html`<p class="notice" role="status">${text}</p>`
}
