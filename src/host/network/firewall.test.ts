import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { run } from '../../engines/command.ts';

/** The chains' rules after each of these, in a network namespace of their own. */
async function rulesAfter(...steps: string[]): Promise<string[]> {
  const script = `
    import { leaveFirewall, othersForward, passFirewall } from '${join(import.meta.dirname, 'firewall.ts')}';
    import { run } from '${join(import.meta.dirname, '../../engines/command.ts')}';
    const iptables = (rule) => run(['iptables', '--wait', ...rule.split(' ')]);
    const shop = { name: 'shop', port: 4566, publicCidr: '198.18.4.0/22' };
    const seen = [];
    ${steps.map((step) => `await ${step}; seen.push((await iptables('--list-rules')).stdout);`).join('\n')}
    console.log(JSON.stringify(seen));`;
  const { stdout } = await run(['unshare', '--net', process.execPath, '--input-type=module', '--eval', script]);
  return JSON.parse(stdout) as string[];
}

it('writes nothing where nobody filters', async () => {
  const [rules = ''] = await rulesAfter('passFirewall(shop)');
  assert.doesNotMatch(rules, /^-A/m);
});

it('lets VPCs through a firewall that drops what is forwarded, once, and leaves it as it was', async () => {
  const [before, passed, again, left] = await rulesAfter("iptables('-P FORWARD DROP')", 'passFirewall(shop)', 'passFirewall(shop)', 'leaveFirewall(shop)');
  assert.deepEqual(passed?.split('\n').filter((line) => line.startsWith('-A')), [
    '-A FORWARD -s 198.18.4.0/22 -m comment --comment "gantry shop" -j ACCEPT',
    '-A FORWARD -d 198.18.4.0/22 -m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment "gantry shop" -j ACCEPT',
  ]);
  assert.equal(again, passed);
  assert.equal(left, before);
});

it('opens the gateway to VPCs where the host is closed', async () => {
  const [, passed] = await rulesAfter("iptables('-A INPUT ! -i lo -j DROP')", 'passFirewall(shop)');
  assert.match(passed ?? '', /^-A INPUT -d 127\.0\.0\.1\/32 -p tcp -m tcp --dport 4566 -m conntrack --ctstate DNAT .* -j ACCEPT\n-A INPUT ! -i lo -j DROP$/m);
});
