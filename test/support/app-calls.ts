import { apps, authorize, code_verifier, postForm, type TokenAnswer } from './external.ts'
import type { Fixture } from './fixture.ts'

/** What an app gets for a code or a refresh token. */
export interface AppTokens {
  readonly access: string
  readonly refreshing: string
}

type AppWorld = Pick<Fixture, 'client' | 'tap' | 'project_id'>

/** What says who the first party is, in a form. */
export const credentials = {
  client_id: apps.first.client_id,
  client_secret: apps.first.client_secret
}

export const offlineScopes = ['openid', 'offline_access', 'full_access']

/** The calls of an app, which is the first party where nothing else is said. */
export function appCalls(fixture: AppWorld) {
  const tokenForm = (code: string) => ({
    grant_type: 'authorization_code',
    code,
    redirect_uri: apps.first.redirect_urls[0],
    ...credentials,
    code_verifier
  })

  const redeem = (form: Record<string, string>, headers: Record<string, string> = {}) =>
    postForm(fixture, '/v1/oauth2/token', form, headers)

  const refresh = (refresh_token: string, fields: Record<string, string> = {}) =>
    redeem({ grant_type: 'refresh_token', refresh_token, ...credentials, ...fields })

  const ask = (
    end: 'introspect' | 'revoke',
    token: string,
    app: Record<string, string> = credentials
  ) => postForm(fixture, `/v1/public/${fixture.project_id}/oauth2/${end}`, { token, ...app })

  return {
    tokenForm,
    redeem,
    refresh,
    ask,

    async isActive(token: string) {
      return (await ask('introspect', token)).body.active
    },

    /** Tokens of a new authorization, which may be refreshed. */
    async offline(by: Parameters<typeof authorize>[1]): Promise<AppTokens> {
      const code = await authorize(fixture, by, { scopes: offlineScopes })
      return tokensOf(await redeem(tokenForm(code)))
    }
  }
}

export function tokensOf({ body }: TokenAnswer): AppTokens {
  return { access: String(body.access_token), refreshing: String(body.refresh_token) }
}
