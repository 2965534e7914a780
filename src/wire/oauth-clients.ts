import * as v from 'valibot'
import { envelope } from './schema.ts'

/** What is called by apps that members let in: forms in, JSON out (RFC 6749, RFC 7662, RFC 7009). */
export interface OAuthClientRoute {
  readonly paths: readonly `/v1/${string}`[]
  /** The parameters of the form. */
  readonly form: v.GenericSchema
  readonly response: v.GenericSchema
}

/** An app may say who it is in the form or by HTTP Basic, and not by both (RFC 6749 section 2.3). */
const client = { client_id: v.optional(v.string()), client_secret: v.optional(v.string()) }

const codeForm = v.object({
  grant_type: v.literal('authorization_code'),
  code: v.string(),
  redirect_uri: v.string(),
  code_verifier: v.optional(v.string()),
  ...client
})

const refreshForm = v.object({
  grant_type: v.literal('refresh_token'),
  refresh_token: v.string(),
  scope: v.optional(v.string()),
  ...client
})

const tokenResponse = v.object({
  ...envelope,
  access_token: v.string(),
  token_type: v.literal('Bearer'),
  expires_in: v.number(),
  scope: v.string(),
  id_token: v.optional(v.string()),
  refresh_token: v.optional(v.string())
})

const ownTokenForm = v.object({
  token: v.string(),
  token_type_hint: v.optional(v.string()),
  ...client
})

const introspectResponse = v.object({
  ...envelope,
  active: v.boolean(),
  token_type: v.optional(v.picklist(['access_token', 'refresh_token'])),
  iss: v.optional(v.string()),
  sub: v.optional(v.string()),
  aud: v.optional(v.array(v.string())),
  client_id: v.optional(v.string()),
  scope: v.optional(v.string()),
  iat: v.optional(v.number()),
  nbf: v.optional(v.number()),
  exp: v.optional(v.number()),
  'https://stytch.com/organization': v.optional(
    v.object({ organization_id: v.string(), slug: v.string() })
  )
})

const publicPath = '/v1/public/{project_id}/oauth2'

export const oauthClientRoutes = {
  token: {
    paths: ['/v1/oauth2/token', `${publicPath}/token`],
    form: v.variant('grant_type', [codeForm, refreshForm]),
    response: tokenResponse
  },
  introspect: {
    paths: [`${publicPath}/introspect`],
    form: ownTokenForm,
    response: introspectResponse
  },
  revoke: { paths: [`${publicPath}/revoke`], form: ownTokenForm, response: v.object(envelope) }
} as const satisfies Record<string, OAuthClientRoute>
