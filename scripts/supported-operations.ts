import { operations } from '../src/authority/operations.ts'
import { listRoutes } from '../src/wire/routes.ts'

/** The page that lists the operations, from the table that the authority answers by. */
export function supportedOperations(): string {
  const rows = listRoutes().map(([name, { method, path, takesAuthorization }]) => {
    const { audit, limits } = operations[name]
    const session = takesAuthorization ? 'taken' : ''
    const cells = [`\`${name}\``, `\`${method} ${path}\``, session, audit ?? '', limits.sends ?? '']
    return `| ${cells.join(' | ')} |`
  })
  return `# Supported operations

What \`membergate serve\` and \`createAuthority\` answer of the API, in the order of the client's own names. Written by
\`npm run schema\`; [openapi.json](../openapi.json) has the requests and answers of each, and the authority serves it at
\`GET /openapi.json\`.

- **Member session**: the call may carry one, and then has that member's permissions. Every other operation answers 403
  \`session_authorization_error\` to it.
- **Audit**: the kind of the [event](self-hosting.md#audit) that a call leaves. Empty: it only reads, or shows that a session
  is alive.
- **Sends**: without a sender of this channel the call is answered 501 \`not_implemented\`.

| operation | request | member session | audit | sends |
| --- | --- | --- | --- | --- |
${rows.join('\n')}
`
}
