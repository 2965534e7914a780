import { BlockList, isIP } from 'node:net'

/** Addresses that many machines have at once, or none: whom such a one is of, nothing says. */
const shared = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
  ['224.0.0.0', 3]
] as const) {
  shared.addSubnet(network, prefix, 'ipv4')
}
for (const [network, prefix] of [
  ['::', 127],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8]
] as const) {
  shared.addSubnet(network, prefix, 'ipv6')
}

export function isIpAddress(text: string): boolean {
  return isIP(text) !== 0
}

/**
 * Where a sender is: an IPv4 address, or of an IPv6 address its first 64 bits, within which one subscriber has all (RFC 4291
 * section 2.5.4).
 */
export function networkOf(ipAddress: string): string {
  const [address = ''] = ipAddress.split('%')
  if (isIP(address) !== 6) return address
  const groups = groupsOf(address)
  return mappedIpv4(groups) ?? `${groups.slice(0, 4).join(':')}::/64`
}

/** The network of an address on the internet; `undefined` for private and reserved ones. */
export function publicNetwork(ipAddress: string): string | undefined {
  const network = networkOf(ipAddress)
  const isShared =
    isIP(network) === 4
      ? shared.check(network, 'ipv4')
      : shared.check(network.replace('/64', ''), 'ipv6')
  return isShared ? undefined : network
}

/** The eight groups of an IPv6 address, however it is written. */
function groupsOf(address: string): readonly string[] {
  const [before = '', after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::')
  const first = before === '' ? [] : before.split(':')
  const last = after === undefined || after === '' ? [] : after.split(':')
  return [...first, ...Array(8 - first.length - last.length).fill('0'), ...last]
}

/** The IPv4 address that is written as IPv6 (RFC 4291 section 2.5.5.2), as a socket of both families gives it. */
function mappedIpv4(groups: readonly string[]): string | undefined {
  if (groups.slice(0, 6).join(':') !== '0:0:0:0:0:ffff') return undefined
  const bytes = groups.slice(6).flatMap((group) => {
    const value = Number.parseInt(group, 16)
    return [value >> 8, value & 255]
  })
  return bytes.join('.')
}
