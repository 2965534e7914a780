import * as v from 'valibot'
import type { Member } from './member.ts'
import { memberAnswer } from './member-answer.ts'
import type { Organization } from './organization.ts'
import { route } from './route.ts'
import { credential, envelope, identifier, optional, text } from './schema.ts'

/** An app that members can let in, as every member may see it. */
export interface ConnectedAppPublic {
  client_id: string
  client_name: string
  client_description: string
  /** `first_party`, `first_party_public`, `third_party` or `third_party_public`. */
  client_type: string
  logo_url?: string
}

export interface B2BIDPScopeResult {
  scope: string
  description: string
  /** Whether the app may have it. */
  is_grantable: boolean
}

/** Who authorizes: a session, or a member by ids. Only an access token of a session can be exchanged for it later. */
interface AuthorizingMember {
  organization_id?: string
  member_id?: string
  session_token?: string
  session_jwt?: string
}

export interface B2BIDPOAuthAuthorizeStartRequest extends AuthorizingMember {
  client_id: string
  /** One of the redirect URLs of the app, to the letter. */
  redirect_uri: string
  /** `code`. */
  response_type: string
  scopes: string[]
  /** `consent` requires consent also where it was given before. */
  prompt?: string
}

export interface B2BIDPOAuthAuthorizeStartResponse {
  request_id: string
  status_code: number
  member_id: string
  member: Member
  organization: Organization
  client: ConnectedAppPublic
  /** Whether the member has to consent. */
  consent_required: boolean
  scope_results: B2BIDPScopeResult[]
}

export interface B2BIDPOAuthAuthorizeRequest extends AuthorizingMember {
  /** `false` sends the app away with `access_denied`. */
  consent_granted: boolean
  scopes: string[]
  client_id: string
  /** One of the redirect URLs of the app, to the letter. */
  redirect_uri: string
  /** `code`. */
  response_type: string
  prompt?: string
  /** Goes back to the app as it is. */
  state?: string
  /** Goes into the ID token. */
  nonce?: string
  /** PKCE (RFC 7636), S256. Public apps need it. */
  code_challenge?: string
  resources?: string[]
}

export interface B2BIDPOAuthAuthorizeResponse {
  request_id: string
  status_code: number
  /** Where the browser goes now, with a code or an error. */
  redirect_uri: string
  /** Good for five minutes, once. */
  authorization_code?: string
}

const authorization = {
  client_id: identifier,
  redirect_uri: text(2048),
  response_type: v.picklist(['code']),
  scopes: v.pipe(v.array(v.pipe(v.string(), v.regex(/^[!#-[\]-~]{1,128}$/))), v.maxLength(100)),
  organization_id: optional(identifier),
  member_id: optional(identifier),
  session_token: optional(credential),
  session_jwt: optional(credential),
  prompt: optional(text(64))
}

const authorizeStartRequest: v.GenericSchema<unknown, B2BIDPOAuthAuthorizeStartRequest> =
  v.object(authorization)

const authorizeRequest: v.GenericSchema<unknown, B2BIDPOAuthAuthorizeRequest> = v.object({
  ...authorization,
  consent_granted: v.boolean(),
  state: optional(v.pipe(v.string(), v.maxLength(2048))),
  nonce: optional(text(512)),
  code_challenge: optional(v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{43}$/))),
  resources: optional(v.pipe(v.array(text(2048)), v.maxLength(100)))
})

const connectedApp: v.GenericSchema<unknown, ConnectedAppPublic> = v.object({
  client_id: v.string(),
  client_name: v.string(),
  client_description: v.string(),
  client_type: v.picklist([
    'first_party',
    'first_party_public',
    'third_party',
    'third_party_public'
  ]),
  logo_url: v.optional(v.string())
})

const scopeResult: v.GenericSchema<unknown, B2BIDPScopeResult> = v.object({
  scope: v.string(),
  description: v.string(),
  is_grantable: v.boolean()
})

const authorizeStartResponse: v.GenericSchema<unknown, B2BIDPOAuthAuthorizeStartResponse> =
  v.object({
    ...envelope,
    ...memberAnswer,
    client: connectedApp,
    consent_required: v.boolean(),
    scope_results: v.array(scopeResult)
  })

const authorizeResponse: v.GenericSchema<unknown, B2BIDPOAuthAuthorizeResponse> = v.object({
  ...envelope,
  redirect_uri: v.string(),
  authorization_code: v.optional(v.string())
})

export const idpRoutes = {
  oauth: {
    authorizeStart: route('POST', '/v1/b2b/idp/oauth/authorize/start', {
      request: authorizeStartRequest,
      response: authorizeStartResponse
    }),
    authorize: route('POST', '/v1/b2b/idp/oauth/authorize', {
      request: authorizeRequest,
      response: authorizeResponse
    })
  }
}
