import { isIPv6 } from 'node:net'

/** What one sender can change at will is left out: of an IPv6 address the second half (RFC 4291 section 2.5.4). */
export function networkOf(ip_address: string): string {
  const [, mapped] = /^::ffff:([0-9.]+)$/i.exec(ip_address) ?? []
  if (mapped !== undefined) return mapped
  return isIPv6(ip_address) ? `${groupsOf(ip_address).slice(0, 4).join(':')}::/64` : ip_address
}

function groupsOf(ip_address: string): readonly string[] {
  const [head = [], tail = []] = ip_address
    .toLowerCase()
    .split('::')
    .map((part) => part.split(':').filter((group) => group !== ''))
  const missing = Math.max(0, 8 - head.length - tail.length)
  return [...head, ...Array<string>(missing).fill('0'), ...tail]
}
