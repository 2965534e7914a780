import * as channels from 'node:diagnostics_channel'
import { type OpenAuthority, openAuthority as open } from 'membergate/testing'

/**
 * What programs get in place of `node:test`, `node:diagnostics_channel` and `membergate/testing`: what they open stays open
 * until the walk is over, is known to it and ends with it. Tests that they hold run elsewhere.
 */
export const inPlaceOf = /'(?:node:test|node:diagnostics_channel|membergate\/testing)'/g

const opened: OpenAuthority[] = []
const subscriptions: Parameters<typeof channels.subscribe>[] = []

export const openAuthority: typeof open = async (options) => {
  const authority = await open(options)
  opened.push(authority)
  return authority
}

export const subscribe: typeof channels.subscribe = (...subscription) => {
  channels.subscribe(...subscription)
  subscriptions.push(subscription)
}

export function test(): void {}
export function after(): void {}

/** The authorities of the program that ran last. */
export function listOpened(): readonly OpenAuthority[] {
  return opened
}

export async function closeOpened(): Promise<void> {
  for (const subscription of subscriptions.splice(0)) channels.unsubscribe(...subscription)
  for (const authority of opened.splice(0)) await authority.close()
}
