import { BlockList, isIP } from 'node:net'

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** Whether an IP address is of this very machine, where no other machine can listen or speak. */
export function isLoopbackAddress(ipAddress: string): boolean {
  const family = isIP(ipAddress)
  return family !== 0 && loopback.check(ipAddress, family === 6 ? 'ipv6' : 'ipv4')
}

/** Whether a URL leads to this very machine. */
export function isLoopbackHost({ hostname }: { readonly hostname: string }): boolean {
  return isLoopbackName(hostname.replace(/^\[|\]$/g, ''))
}

/** The same of a host that stands alone, where IPv6 has no brackets. */
export function isLoopbackName(host: string): boolean {
  return host.toLowerCase() === 'localhost' || isLoopbackAddress(host)
}
