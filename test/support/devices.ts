import type { DeviceQuery, LookUpDevice } from 'membergate/authority'

/** The device look-up of the authority. */
export interface Devices {
  /** What it was asked, the oldest first. */
  readonly queries: readonly DeviceQuery[]
  /** Looks up so while `work` runs; else it knows no device. */
  answering<Result>(lookUp: LookUpDevice, work: () => Promise<Result>): Promise<Result>
}

export function openDevices(): Devices & { readonly lookUpDevice: LookUpDevice } {
  const queries: DeviceQuery[] = []
  const unknown: LookUpDevice = async () => null
  let current = unknown
  return {
    queries,
    lookUpDevice(query) {
      queries.push(query)
      return current(query)
    },
    async answering(lookUp, work) {
      current = lookUp
      try {
        return await work()
      } finally {
        current = unknown
      }
    }
  }
}
