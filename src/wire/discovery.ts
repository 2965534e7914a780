import * as v from 'valibot'
import type { Member } from './member.ts'
import type { Organization } from './organization.ts'
import { route } from './route.ts'
import { address, credential, locale, sessionOptions, telemetryId } from './schema.ts'
import type { SessionOptions } from './sessions.ts'
import type { MfaRequired, PrimaryRequired, SignInResponse } from './sign-in.ts'

/** How a person could get into an organization. */
export interface Membership {
  /** `active_member`, `pending_member`, `invited_member`, `eligible_to_join_by_email_domain` or `eligible_to_join_by_oauth_tenant`. */
  type: string
  details?: Record<string, unknown> | null
  member?: Member | null
}

/** An organization that a person is in or could join. */
export interface DiscoveredOrganization {
  /** Whether an exchange would complete now. */
  member_authenticated: boolean
  organization?: Organization
  membership?: Membership
  primary_required?: PrimaryRequired | null
  mfa_required?: MfaRequired | null
}

export interface B2BDiscoveryIntermediateSessionsExchangeRequest extends SessionOptions {
  /** A bag of factors that a session can be made of. Lives 10 minutes; it survives an exchange that does not complete. */
  intermediate_session_token: string
  /** The organization to enter: id, slug or external id. */
  organization_id: string
  /** BCP 47 language of a code that may be sent; English when left out. */
  locale?: 'en' | 'es' | 'pt-br' | 'fr' | 'it' | 'de-DE' | 'zh-Hans' | 'ca-ES' | string
  telemetry_id?: string
}

export type B2BDiscoveryIntermediateSessionsExchangeResponse = SignInResponse

const exchangeRequest: v.GenericSchema<unknown, B2BDiscoveryIntermediateSessionsExchangeRequest> =
  v.object({
    intermediate_session_token: credential,
    organization_id: address,
    locale,
    telemetry_id: telemetryId,
    ...sessionOptions
  })

export const discoveryRoutes = {
  intermediateSessions: {
    exchange: route<
      B2BDiscoveryIntermediateSessionsExchangeRequest,
      B2BDiscoveryIntermediateSessionsExchangeResponse
    >('POST', '/v1/b2b/discovery/intermediate_sessions/exchange', { request: exchangeRequest })
  }
}
