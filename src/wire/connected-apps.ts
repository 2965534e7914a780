import * as v from 'valibot'
import { memberRoute } from './route.ts'
import { envelope, identifier } from './schema.ts'

export interface B2BOrganizationsMembersConnectedAppsRevokeRequest {
  organization_id: string
  member_id: string
  /** The `client_id` of the app. */
  connected_app_id: string
}

export interface B2BOrganizationsMembersConnectedAppsRevokeResponse {
  request_id: string
  status_code: number
}

const revokeRequest: v.GenericSchema<unknown, B2BOrganizationsMembersConnectedAppsRevokeRequest> =
  v.object({ organization_id: identifier, member_id: identifier, connected_app_id: identifier })

const revokeResponse: v.GenericSchema<unknown, B2BOrganizationsMembersConnectedAppsRevokeResponse> =
  v.object(envelope)

const connectedApps = '/v1/b2b/organizations/{organization_id}/members/{member_id}/connected_apps'

export const connectedAppsRoutes = {
  revoke: memberRoute('POST', `${connectedApps}/{connected_app_id}/revoke`, {
    request: revokeRequest,
    response: revokeResponse
  })
}
