import { ConfigError } from '../../errors/config-error.ts'
import { assertKnownOptions } from '../../errors/known-options.ts'
import type { Delivery } from './delivery.ts'

/** Complete by type: a channel that is missing here does not compile. */
const channels: Readonly<Record<keyof Delivery, true>> = {
  sms: true,
  email: true,
  notice: true
}

/** A misspelt channel would otherwise be missed only when its first message should leave. */
export function checkDelivery(deliver: Delivery): Delivery {
  if (typeof deliver !== 'object' || deliver === null) {
    throw new ConfigError('deliver must be an object of the functions sms, email and notice.')
  }
  assertKnownOptions('deliver', deliver, channels)
  for (const channel of Object.keys(channels)) {
    const send: unknown = Reflect.get(deliver, channel)
    if (send !== undefined && typeof send !== 'function') {
      throw new ConfigError(`deliver.${channel} must be a function.`)
    }
  }
  return deliver
}
