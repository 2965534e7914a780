import { createHash } from 'node:crypto'
import { escapeHtml } from './escape-html.ts'
import type { OutboxEntry } from './outbox.ts'

const style = `
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem }
table { width: 100%; border-collapse: collapse }
th, td { padding: .5rem; text-align: start; vertical-align: top; border-block-end: 1px solid }
td { overflow-wrap: anywhere }
.brief { white-space: nowrap }
.to { min-width: 14rem }
.key { font-family: ui-monospace, monospace }
@media (max-width: 40rem) { thead { position: absolute; clip-path: inset(50%) } tr, td { display: block; border: 0; padding: 0 } tr { padding-block: 1rem; border-block-end: 1px solid } }
`

const styleHash = createHash('sha256').update(style).digest('base64')

/** The page runs nothing and loads nothing. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  `style-src 'sha256-${styleHash}'`,
  'img-src data:',
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'"
].join('; ')

/** Shows what would have been sent, the newest first. */
export function outboxPage(entries: readonly OutboxEntry[]): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Outbox</title>
<link rel="icon" href="data:,">
<style>${style}</style>
</head>
<body>
<main>
<h1>Outbox</h1>
<p>Nothing leaves this machine. Here is what would have been sent, the newest first. Reload for more, or read it as <a href="outbox">JSON</a>.</p>
${entries.length === 0 ? '<p>No message yet.</p>' : table(entries)}
</main>
</body>
</html>
`
}

function table(entries: readonly OutboxEntry[]): string {
  return `<table>
<thead><tr><th scope="col">Sent</th><th scope="col">Channel</th><th scope="col">To</th><th scope="col">Code or link</th></tr></thead>
<tbody>
${entries.map(row).join('\n')}
</tbody>
</table>`
}

function row({ channel, to, code, link, sent_at }: OutboxEntry): string {
  const cells = [
    `<td class="brief"><time>${escapeHtml(sent_at)}</time></td>`,
    `<td class="brief">${channel === 'sms' ? 'SMS' : 'E-mail'}</td>`,
    `<td class="to">${escapeHtml(to)}</td>`,
    `<td class="key">${[code, link].map(key).join(' ')}</td>`
  ]
  return `<tr>${cells.join('')}</tr>`
}

/** Only the web is linked: `javascript:` and the like stay text. */
function key(value: string | undefined): string {
  if (value === undefined) return ''
  const text = escapeHtml(value)
  return /^https?:\/\//i.test(value) ? `<a href="${text}" rel="noreferrer">${text}</a>` : text
}
