import * as v from 'valibot'
import { optional, rfc3339, text } from './schema.ts'

export interface DeviceAttributeDetails {
  is_new: boolean
  first_seen_at?: string
  last_seen_at?: string
}

/** What a device look-up found for a `telemetry_id`. */
export interface DeviceInfo {
  visitor_id: string
  visitor_id_details?: DeviceAttributeDetails
  ip_address?: string
  ip_address_details?: DeviceAttributeDetails
  ip_geo_city?: string
  ip_geo_region?: string
  ip_geo_country?: string
  ip_geo_country_details?: DeviceAttributeDetails
}

const details = optional(
  v.object({
    is_new: v.boolean(),
    first_seen_at: optional(rfc3339),
    last_seen_at: optional(rfc3339)
  })
)

const attribute = optional(text(256))

export const deviceInfo: v.GenericSchema<unknown, DeviceInfo> = v.object({
  visitor_id: text(256),
  visitor_id_details: details,
  ip_address: attribute,
  ip_address_details: details,
  ip_geo_city: attribute,
  ip_geo_region: attribute,
  ip_geo_country: attribute,
  ip_geo_country_details: details
})
