import * as v from 'valibot'
import { deviceInfo } from '../../wire/device.ts'
import type { LookUpDevice } from '../look-up-device.ts'
import { withinTime } from '../within-time.ts'

/** How long an answer waits for the device. */
const deadlineMs = 1000

const named = v.object({ telemetry_id: v.string() })

/** Answers that tell the device tell the member as well. */
const about = v.object({
  member_id: v.string(),
  member_device: v.unknown(),
  organization: v.object({ organization_id: v.string() })
})

/**
 * The answer with the device that the request came from, if it says `telemetry_id` and a look-up knows it in time. The
 * call has succeeded by then, so nothing that a look-up does makes it fail.
 */
export async function withDevice(
  lookUpDevice: LookUpDevice | undefined,
  project_id: string,
  request: unknown,
  answer: object
): Promise<object> {
  if (lookUpDevice === undefined || !v.is(named, request) || !v.is(about, answer)) return answer
  const { telemetry_id } = request
  const { member_id } = answer
  const { organization_id } = answer.organization
  const query = { telemetry_id, project_id, organization_id, member_id }
  const found = v.safeParse(deviceInfo, await inTime(async () => lookUpDevice(query)))
  return found.success ? { ...answer, member_device: found.output } : answer
}

/** `undefined` when it fails or takes too long. */
async function inTime<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
  try {
    return await withinTime(deadlineMs, work, () => new Error('The device look-up takes too long.'))
  } catch {
    return undefined
  }
}
