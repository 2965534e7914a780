import type { ProjectSettings } from './records.ts'

/** What a project has as long as nobody sets it: SMS to the United States and Canada, and no link anywhere. */
export const defaultSettings: ProjectSettings = {
  sms_country_codes: ['US', 'CA'],
  redirect_urls: []
}
