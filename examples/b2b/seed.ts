import type { ProjectSeed } from 'membergate/authority'

/** One password for all members, because nothing of this outlives the process. */
export const password = 'correct-horse-battery-staple'

export const ada = {
  name: 'Ada Lovelace',
  email_address: 'ada@acme.example',
  password,
  roles: ['stytch_admin']
}

/** A member of four organizations, each of which asks for something else. */
export const grace = { name: 'Grace Hopper', email_address: 'grace@acme.example', password }

export const alan = {
  name: 'Alan Turing',
  email_address: 'alan@acme.example',
  password,
  roles: ['analyst'],
  mfa_enrolled: true,
  totp_secret: 'JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP'
}

export const hedy = {
  name: 'Hedy Lamarr',
  email_address: 'hedy@acme.example',
  password,
  mfa_enrolled: true,
  mfa_phone_number: '+12025550143'
}

export const katherine = {
  name: 'Katherine Johnson',
  email_address: 'katherine@globex.example',
  password,
  roles: ['stytch_admin']
}

export const acme = {
  organization_name: 'Acme Rockets',
  organization_slug: 'acme',
  members: [ada, grace, alan, hedy]
}

export const initech = {
  organization_name: 'Initech',
  organization_slug: 'initech',
  members: [{ ...grace, roles: ['analyst'] }]
}

/** Requires a second factor of every member. */
export const globex = {
  organization_name: 'Globex',
  organization_slug: 'globex',
  mfa_policy: 'REQUIRED_FOR_ALL',
  members: [katherine, grace]
}

/** Accepts a password alone: a link by e-mail is not enough here. */
export const umbra = {
  organization_name: 'Umbra Bank',
  organization_slug: 'umbra',
  auth_methods: 'RESTRICTED',
  allowed_auth_methods: ['password'],
  members: [grace]
}

/** What the app adds to the built-in roles: reports, which analysts read and administrators do anything with. */
const policy = {
  resources: [{ resource_id: 'reports', actions: ['read', 'publish'] }],
  roles: [
    { role_id: 'analyst', permissions: [{ resource_id: 'reports', actions: ['read'] }] },
    { role_id: 'stytch_admin', permissions: [{ resource_id: 'reports', actions: ['*'] }] }
  ]
}

/** Where links in e-mails may lead: to pages of the app at `origin`, and nowhere else. */
export function seedFor(origin: string): ProjectSeed {
  const pages = ['/sign-in/link', '/sign-in/member-link', '/sign-in/reset']
  return {
    policy,
    settings: { redirect_urls: pages.map((page) => `${origin}${page}`) },
    organizations: [acme, initech, globex, umbra]
  }
}
