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
