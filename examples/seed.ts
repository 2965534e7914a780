/** One password for all members, because nothing of this outlives the process. */
const password = 'correct-horse-battery-staple'

export const ada = {
  name: 'Ada Lovelace',
  email_address: 'ada@acme.example',
  password,
  roles: ['stytch_admin']
}

export const grace = { name: 'Grace Hopper', email_address: 'grace@acme.example', password }

export const alan = {
  name: 'Alan Turing',
  email_address: 'alan@acme.example',
  password,
  mfa_enrolled: true,
  totp_secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
}

export const katherine = {
  name: 'Katherine Johnson',
  email_address: 'katherine@globex.example',
  password
}

export const acme = {
  organization_slug: 'acme',
  organization_name: 'Acme Rockets',
  members: [ada, grace, alan]
}

export const globex = {
  organization_slug: 'globex',
  organization_name: 'Globex',
  mfa_policy: 'REQUIRED_FOR_ALL',
  members: [katherine]
}

export const organizations = [acme, globex]

export const seedFor = () => ({ organizations })
