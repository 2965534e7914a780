import type { ErrorType } from '../../wire/error-types.ts'
import { OperationError } from './operation-error.ts'
import type { ProjectSettings } from './records.ts'

/** What a call answers whose links would lead nowhere, or where the project does not want them. */
export interface RedirectErrors {
  readonly missing: ErrorType
  readonly unregistered: ErrorType
}

/**
 * Where a link leads: to the URL that the call names, else to the first that is registered. A URL is registered when
 * scheme, host, port and path are; its query is the caller's.
 */
export function chooseRedirectUrl(
  given: string | undefined,
  { redirect_urls }: Pick<ProjectSettings, 'redirect_urls'>,
  { missing, unregistered }: RedirectErrors
): URL {
  const [first] = redirect_urls
  if (given === undefined) {
    if (first === undefined) throw new OperationError(missing)
    return new URL(first)
  }
  const url = URL.canParse(given) ? new URL(given) : undefined
  const isRegistered =
    url !== undefined &&
    `${url.username}${url.password}${url.hash}` === '' &&
    redirect_urls.some((registered) => placeOf(new URL(registered)) === placeOf(url))
  if (!isRegistered) throw new OperationError(unregistered)
  return url
}

/** The URL of a link: what the query says already stays, but for the token and its type. */
export function linkTo(redirect: URL, stytch_token_type: string, token: string): string {
  const link = new URL(redirect)
  link.searchParams.set('stytch_token_type', stytch_token_type)
  link.searchParams.set('token', token)
  return link.href
}

function placeOf({ origin, pathname }: URL): string {
  return origin + pathname
}
