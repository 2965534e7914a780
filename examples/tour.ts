import { TOTP } from 'otpauth'
import type { Running } from './run.ts'
import { acme, ada, alan, globex, grace, katherine } from './seed.ts'

/** What to open, who can sign in, and calls to paste into a shell. */
export async function tour({ origin, url, outbox, client }: Running): Promise<string> {
  const organization_id = acme.organization_slug
  const { session_token } = await client.passwords.authenticate({
    organization_id,
    email_address: ada.email_address,
    password: ada.password,
    session_duration_minutes: 24 * 60
  })
  const { member_id } = await client.organizations.members.get({
    organization_id,
    email_address: grace.email_address
  })
  const edit = `/api/members/${encodeURIComponent(member_id)}`
  const newName = `-X PUT ${json({ name: 'Grace Murray Hopper' })}`
  const { call, signInAnd } = shell(origin)

  return `
App        ${origin}
Authority  ${url}
Outbox     ${outbox}   what would have been sent

Sign in with the password ${ada.password}

  ${acme.organization_slug}    ${ada.email_address}          administrator
  ${acme.organization_slug}    ${grace.email_address}        member
  ${acme.organization_slug}    ${alan.email_address}         member with an authenticator app: the code is ${codeOf(alan)} now, the secret ${alan.totp_secret}
  ${globex.organization_slug}  ${katherine.email_address}  member who must set up an authenticator app

Or stay in this shell:

# 401 session_required: no member is signed in
curl ${call('/api/members')}

# 200: Grace signs in, and sees her organization
curl ${signInAnd(grace, '/api/members')}

# 403 permission_denied: Grace may not edit
curl ${signInAnd(grace, edit, newName)}

# 401 mfa_required: a password is not enough for Alan
curl ${signInAnd(alan, '/api/members')}

# 200: Ada may edit, here with a session token instead of cookies
curl ${call(edit, newName, `-H 'authorization: Bearer ${session_token}'`)}

The whole of signing in, with links by e-mail, text messages and several organizations: npm run start:b2b
`
}

function codeOf({ totp_secret }: { readonly totp_secret: string }): string {
  return new TOTP({ secret: totp_secret }).generate()
}

/** The arguments of curl for one call, and for a call after signing in: `-b ''` keeps cookies from one to the next. */
function shell(origin: string) {
  const call = (path: string, ...more: string[]) =>
    ['-sS', "-w ' %{http_code}\\n'", ...more, `${origin}${path}`].join(' ')

  const signInAnd = (
    { email_address, password }: { email_address: string; password: string },
    path: string,
    ...more: string[]
  ) => {
    const { organization_slug } = acme
    const signIn = json({ organization_slug, email_address, password })
    return `${call('/api/sign-in', "-b ''", signIn)} --next ${call(path, "-b ''", ...more)}`
  }

  return { call, signInAnd }
}

/** One word of a shell, whatever stands in it. */
function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}

function json(body: object): string {
  return `-H 'content-type: application/json' -d ${quote(JSON.stringify(body))}`
}
