import { describe, expect, test } from '@jest/globals'
import { isIpAddress, publicNetwork } from '../../src/authority/domain/ip-addresses.ts'

describe('the network of an IP address', () => {
  test.each([
    ['203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:cb00:7107', '203.0.113.7'],
    ['0:0:0:0:0:FFFF:203.0.113.7', '203.0.113.7'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::/64'],
    ['2001:DB8:1:2::9', '2001:db8:1:2::/64'],
    ['2001:db8:0001:0002::', '2001:db8:1:2::/64'],
    ['2001:db8::1', '2001:db8:0:0::/64'],
    ['2001:db8:1:3::9', '2001:db8:1:3::/64']
  ])('%s is %s', (address, network) => {
    expect(isIpAddress(address)).toBe(true)
    expect(publicNetwork(address)).toBe(network)
  })

  test.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.31.255.255',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:10.0.0.1',
    '::ffff:7f00:1',
    'fd12:3456:789a::1',
    'fe80::1%eth0',
    'ff02::1'
  ])('%s is private', (address) => {
    expect(isIpAddress(address)).toBe(true)
    expect(publicNetwork(address)).toBeUndefined()
  })

  test.each(['', 'x', '1.2.3', '203.0.113.7:443', '203.0.113.7, 10.0.0.1', '[::1]', '01.2.3.4'])(
    '%j is none',
    (text) => expect(isIpAddress(text)).toBe(false)
  )
})
