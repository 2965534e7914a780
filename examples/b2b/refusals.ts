import { ApiError } from 'membergate/errors'
import { Problem } from '../problems.ts'

const tooOften = 'Too many attempts. Wait a while, then try again.'
const linkOver = 'That link was used already, or is too old. Ask for a new one.'

/** What people can correct themselves: which field it is about, and what to do. */
const sentences: Readonly<Record<string, readonly [field: string | undefined, sentence: string]>> =
  {
    // One sentence for both, so that no stranger learns which organizations and members exist.
    organization_not_found: ['password', 'The organization, e-mail address or password is wrong.'],
    unauthorized_credentials: [
      'password',
      'The organization, e-mail address or password is wrong.'
    ],
    invalid_email: ['email_address', 'Write the whole e-mail address, such as ada@acme.example.'],
    weak_password: [
      'password',
      'That password is too easy to guess. Take several words that do not belong together.'
    ],
    session_too_old_to_reset_password: [
      undefined,
      'That took more than five minutes. Please prove once more that it is you.'
    ],
    user_lock_limit_reached: [
      undefined,
      'This way to sign in is locked after too many wrong codes or passwords. Use another one, wait an hour, or ask an administrator to unlock it.'
    ],
    operation_restricted_by_organization_auth_methods: [
      undefined,
      'This organization does not accept this way to sign in. Choose another one.'
    ],
    magic_link_not_found: [undefined, linkOver],
    unable_to_auth_magic_link: [undefined, linkOver],
    invalid_token: [undefined, linkOver],
    unable_to_auth_password_reset_token: [undefined, linkOver],
    invalid_organization_slug: [
      'organization_name',
      'That name cannot be used. Choose another one.'
    ],
    action_not_allowed_email_domain_is_claimed: [
      undefined,
      'The domain of this address belongs to an organization. Ask its administrator to invite you.'
    ],
    invalid_organization_name: ['organization_name', 'Give a name of at most 128 characters.'],
    invalid_email_for_invites: ['email_address', 'This organization invites no such addresses.'],
    duplicate_member_email: ['email_address', 'Somebody with this address is a member already.'],
    too_many_requests: [undefined, tooOften]
  }

/** For `catch`. What typing something else cannot correct is thrown on. */
export function sayInWords(error: unknown): never {
  if (!(error instanceof ApiError) || !Object.hasOwn(sentences, error.error_type)) throw error
  const [field, sentence] = sentences[error.error_type] ?? []
  const status = error.status_code === 429 ? 429 : 400
  throw new Problem(status, error.error_type, sentence ?? tooOften, field)
}

/** For `catch`, where an answer would tell who is a member: there was nothing to do, and nothing to say. */
export function sayNothing(error: unknown): void {
  const silent = [
    'organization_not_found',
    'member_not_found',
    'operation_restricted_by_organization_auth_methods'
  ]
  if (!(error instanceof ApiError) || !silent.includes(error.error_type)) sayInWords(error)
}

/** What a form can show beside itself. Everything else is thrown on, to a page of its own. */
export function formProblem(error: unknown): Problem {
  if (error instanceof Problem && error.code !== 'sign_in_over') return error
  throw error
}
