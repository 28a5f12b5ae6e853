import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { dashboardUrl, reachableHosts } from '../../../../coordinator/port/addresses.ts';

function ip(address: string, internal = false, scopeid = 0): NetworkInterfaceInfo {
  const common = { address, internal, netmask: '', mac: '', cidr: null };
  if (!address.includes(':')) return { ...common, family: 'IPv4' };
  return { ...common, family: 'IPv6', scopeid };
}

const LOOPBACK = [ip('127.0.0.1', true), ip('::1', true)];
const BOTH = [...LOOPBACK, ip('fe80::7', false, 2), ip('fd00::7'), ip('192.0.2.7')];
const ONLY_IPV6 = [ip('::1', true), ip('fd00::7')];

describe('a port that listens', () => {
  test.for([
    ['0.0.0.0', BOTH, '127.0.0.1', ['192.0.2.7']],
    ['::', BOTH, '127.0.0.1', ['192.0.2.7', '[fd00::7]']],
    ['::', ONLY_IPV6, '[::1]', ['[fd00::7]']],
    ['0:0:0:0:0:0:0:0', ONLY_IPV6, '[::1]', ['[fd00::7]']],
    ['::', [ip('fd00::7')], '[fd00::7]', ['[fd00::7]']],
    ['0.0.0.0', [], '127.0.0.1', []],
    ['192.0.2.7', BOTH, '192.0.2.7', ['192.0.2.7']],
    ['fd00::7', BOTH, '[fd00::7]', ['[fd00::7]']],
    ['127.0.0.1', BOTH, '127.0.0.1', []],
    ['::1', BOTH, '[::1]', []],
    ['localhost', BOTH, 'localhost', []],
  ] as const)('on %s has addresses that can be used', ([host, interfaces, here, others]) => {
    expect(reachableHosts(host, [], interfaces)).toEqual({ here, others });
  });

  test('is reached by its further names first, each once', () => {
    const names = ['coordinator', 'coordinator', 'localhost', 'fd00::9'];
    expect(reachableHosts('0.0.0.0', names, BOTH).others).toEqual([
      'coordinator',
      '[fd00::9]',
      '192.0.2.7',
    ]);
  });
});

test('the address of the dashboard is that of the workers, for a browser', () => {
  expect(dashboardUrl('ws://127.0.0.1:8080')).toBe('http://127.0.0.1:8080/');
  expect(dashboardUrl('wss://[fd00::7]:8443#sha256=ab')).toBe('https://[fd00::7]:8443/');
});
