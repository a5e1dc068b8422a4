/**
 * Runs once at each boot of an instance (the runit service `boot`): user data by IMDSv2, the sandbox image into containerd, and then
 * the ECS agent (which must find what user data wrote to /etc/ecs/ecs.config) or the kubelet. Its output is the instance's console.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, symlink, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../engines/command.ts';
import { instanceFilePath, type InstanceFile } from '../wire/instance.ts';
import { connect, type Imds } from './imds.ts';
import { runScripts } from './scripts.ts';
import { parts, type Part } from './user-data.ts';

const instance = JSON.parse(await readFile(instanceFilePath, 'utf8')) as InstanceFile;
const { instanceId, image } = instance;
const started = performance.now();
const say = (what: string) => console.log(`gantry: ${what} after ${Math.round(performance.now() - started)} ms`);

const [{ imds, found }] = await Promise.all([userData(), sandboxImage()]);
await writeFile('/var/lib/cloud/instance/boot-finished', '');
if (image === 'ecs-optimized' && !existsSync('/etc/ecs/disabled')) await run(['sv', 'up', 'ecs']);
if (image === 'eks-optimized') await (await import('./eks-node.ts')).startNode(imds, found, instance);
say('boot finished');

async function userData(): Promise<{ imds: Imds; found: Part[] }> {
  await mkdir(`/var/lib/cloud/instances/${instanceId}`, { recursive: true });
  await rm('/var/lib/cloud/instance', { force: true });
  await symlink(`/var/lib/cloud/instances/${instanceId}`, '/var/lib/cloud/instance');
  const imds = await connect();
  const data = await imds.get('user-data');
  say(`metadata service answered, user data of ${data?.length ?? 0} bytes,`);
  const found = data ? parts(data) : [];
  await runScripts(instanceId, found);
  return { imds, found };
}

/** Pod sandboxes need an image, and there is no hub to pull it from. Kept by containerd over reboots. */
async function sandboxImage(): Promise<void> {
  const ctr = ['ctr', '--namespace', 'k8s.io', 'images'];
  while (!existsSync('/run/containerd/containerd.sock')) await sleep(20);
  for (let tries = 0; ; tries++) {
    try {
      const { stdout } = await run([...ctr, 'ls', '--quiet']);
      if (!stdout.includes('localhost/gantry/pause:1')) await run([...ctr, 'import', '/opt/images/pause.tar']);
      return say('containerd is ready');
    } catch (error) {
      if (tries >= 100) throw error;
      await sleep(50);
    }
  }
}
