import express from 'express'
import { ApiError } from 'membergate/errors'
import { createMemberAuth } from 'membergate/express'

const auth = createMemberAuth({ loginPath: '/sign-in', organizationsPath: '/organizations' })

export const app = express()

app.get('/sign-in', (_req, res) => {
  res.send(signInPage())
})

app.post('/sign-in', express.urlencoded({ extended: false }), async (req, res) => {
  try {
    const { organization_id, email_address, password } = req.body ?? {}
    const credentials = { organization_id, email_address, password }
    const authenticate = () => auth.client.passwords.authenticate(credentials)
    const { return_to } = req.query
    const { next } = await auth.completeSignIn(req, res, authenticate, { return_to })
    res.redirect(303, next) // the page that was wanted, or the second factor first
  } catch (error) {
    if (!(error instanceof ApiError) || error.status_code >= 500) throw error
    res.status(401).send(signInPage('<p role="alert">That is not right. Try again.</p>'))
  }
})

app.post('/sign-out', auth.signOut({ return_to: '/sign-in' }))
app.use(auth.mfaRoutes()) // everything below /mfa: TOTP, SMS, recovery codes, and their pages
app.use(auth.handleMfaRedirect(), auth.requireMemberSession())

app.get('/', (req, res) => {
  res.json(auth.memberOf(req))
})

app.get('/organizations', (_req, res) => {
  res.send(organizationsPage)
})
app.post('/organizations', auth.switchOrganization())

app.get(
  '/:organization_slug/billing',
  auth.requireMemberSession({ organization_slug: (req) => req.params.organization_slug }),
  auth.requirePermission('stytch.organization', 'update'),
  auth.requireRecentFactor({ withinMinutes: 10 }),
  (req, res) => {
    res.json({ of: auth.memberOf(req).organization_slug })
  }
)

const page = (title: string, content: string) => `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<main>
  <h1>${title}</h1>
  ${content}
</main>`

const signInPage = (problem = '') =>
  page(
    'Sign in',
    `${problem}
  <form method="post">
    <label>Organization <input name="organization_id" required autocomplete="organization"></label>
    <label>E-mail <input name="email_address" type="email" required autocomplete="username"></label>
    <label>Password <input name="password" type="password" required autocomplete="current-password"></label>
    <button>Sign in</button>
  </form>`
  )

const organizationsPage = page(
  'Organizations',
  `<form method="post">
    <label>Organization <input name="organization_id" required autocomplete="organization"></label>
    <button>Switch</button>
  </form>
  <form method="post" action="/sign-out"><button>Sign out</button></form>`
)
