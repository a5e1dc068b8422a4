import assert from 'node:assert/strict';
import { test } from 'node:test';
import { buildScript, changeScript, newRuleset, type Ruleset } from './nft.ts';
import { addGroups } from './security-groups.ts';

const ruleset = (chains: Record<string, string[]>, elements: Record<string, string> = {}): Ruleset => ({
  sets: new Map([['m', { kind: 'map', type: 'ipv4_addr : verdict', elements: new Map(Object.entries(elements)) }]]),
  chains: new Map(Object.entries(chains).map(([name, rules]) => [name, { rules }])),
});

test('only what changed is said, and in an order that the kernel takes', () => {
  const was = ruleset({ a: ['accept'], b: ['drop'], gone: ['jump b'] }, { '1.1.1.1': 'goto a', '1.1.1.2': 'goto gone', '1.1.1.3': 'goto b' });
  const now = ruleset({ a: ['drop'], b: ['drop'], fresh: ['accept'] }, { '1.1.1.1': 'goto a', '1.1.1.3': 'goto fresh' });
  assert.deepEqual(changeScript('t', was, now).trim().split('\n'), [
    'add chain inet t fresh',
    'flush chain inet t a',
    'add rule inet t a drop',
    'add rule inet t fresh accept',
    'delete element inet t m { 1.1.1.2 : goto gone, 1.1.1.3 : goto b }',
    'add element inet t m { 1.1.1.3 : goto fresh }',
    'flush chain inet t gone',
    'delete chain inet t gone',
  ]);
  assert.equal(changeScript('t', now, now), '');
  assert.match(buildScript('t', now), /^table inet t\ndelete table inet t\ntable inet t \{\n/);
});

test('rules of security groups in the words of nft', () => {
  const built = newRuleset();
  const cidr = (source: string) => ({ cidr: source });
  addGroups(built, new Map([['sg-1', {
    networkId: 'vpc-1', members: ['10.0.0.1'],
    ingress: [
      { protocol: '-1', source: cidr('0.0.0.0/0') },
      { protocol: 'tcp', fromPort: 80, toPort: 80, source: cidr('10.0.0.0/8') },
      { protocol: '17', fromPort: 0, toPort: 65535, source: { groupId: 'sg-1' } },
      { protocol: 'icmp', fromPort: 8, toPort: -1, source: cidr('0.0.0.0/0') },
      { protocol: 'icmp', fromPort: 3, toPort: 4, source: cidr('0.0.0.0/0') },
      { protocol: '50', source: cidr('192.0.2.1/32') },
      { protocol: 'tcp', fromPort: 1, toPort: 2, source: { groupId: 'sg-elsewhere' } },
      { protocol: '-1', source: cidr('::/0') },
    ],
    egress: [{ protocol: 'tcp', fromPort: 1, toPort: 9, source: { groupId: 'sg-1' } }],
  }]]));
  assert.deepEqual(built.chains.get('sg-1-in')?.rules, [
    'meta nfproto ipv4 accept',
    'ip saddr 10.0.0.0/8 tcp dport 80 accept',
    'ip saddr @sg-1-members meta l4proto udp accept',
    'icmp type 8 accept',
    'icmp type 3 icmp code 4 accept',
    'ip saddr 192.0.2.1/32 meta l4proto 50 accept',
  ]);
  assert.deepEqual(built.chains.get('sg-1-out')?.rules, ['ip daddr @sg-1-members tcp dport 1-9 goto to-receiver']);
  assert.deepEqual([...(built.sets.get('sg-1-members')?.elements.keys() ?? [])], ['10.0.0.1']);
});
