import diagnostics_channel from 'node:diagnostics_channel'

/** One way to the database and back: a read, or the statements of one unit. SQL alone, without its values. */
export type Trip = { readonly read: string } | { readonly commit: readonly string[] }

export const tripChannel = 'membergate.authority.trip'

const channel = diagnostics_channel.channel(tripChannel)

/** Costs nothing while no profiler or test listens. */
export function noteTrip(describe: () => Trip): void {
  if (channel.hasSubscribers) channel.publish(describe())
}
