import assert from 'node:assert/strict';
import { join } from 'node:path';
import { it } from 'node:test';
import { run } from '../../engines/command.ts';

/** What forwarding is after each of these, on a machine of its own: its network namespace, its /run. */
async function forwardingAfter(first: 0 | 1, ...steps: string[]): Promise<string> {
  const state = "(await readFile('/proc/sys/net/ipv4/ip_forward', 'utf8')).trim()";
  const script = `
    import { readFile } from 'node:fs/promises';
    import { keepForwarding, leaveForwarding } from '${join(import.meta.dirname, 'forwarding.ts')}';
    import { run } from '${join(import.meta.dirname, '../../engines/command.ts')}';
    const others = (verb) => run(['nft', verb, 'table', 'inet', 'gantry-other']);
    await run(['sysctl', '-qw', 'net.ipv4.ip_forward=${first}']);
    const seen = [];
    ${steps.map((step) => `await ${step}; seen.push(${state});`).join('\n')}
    console.log(seen.join(' '));`;
  const { stdout } = await run(['unshare', '--net', '--mount', 'sh', '-c', 'mount -t tmpfs run /run && exec "$0" --input-type=module --eval "$1"', process.execPath, script]);
  return stdout.trim();
}

it('is off again after the last installation, where it was off before the first', async () => {
  assert.equal(await forwardingAfter(0, 'keepForwarding()', "others('add')", 'leaveForwarding()', "others('delete')", 'leaveForwarding()'), '1 1 1 1 0');
});

it('stays on where it was on', async () => {
  assert.equal(await forwardingAfter(1, 'keepForwarding()', 'leaveForwarding()'), '1 1');
});

it('stays on for those who came to count on it', async () => {
  const docker = "run(['iptables', '--wait', '-A', 'FORWARD', '-i', 'docker0', '-j', 'ACCEPT'])";
  assert.equal(await forwardingAfter(0, 'keepForwarding()', docker, 'leaveForwarding()'), '1 1 1');
});
