import type { DeviceInfo } from '../wire/device.ts'

/** Whose device is looked up. */
export interface DeviceQuery {
  /** What the sign-in page got from the service that recognises devices. */
  readonly telemetry_id: string
  readonly project_id: string
  readonly organization_id: string
  readonly member_id: string
}

/** Calls a service that recognises devices. What is known of a member's devices is the look-up's to keep. */
export type LookUpDevice = (query: DeviceQuery) => Promise<DeviceInfo | null | undefined>
