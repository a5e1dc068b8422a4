import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { homeRoot } from '../src/wire/paths.ts';
import { eksCluster } from './parts/eks.ts';
import { startControlPlane } from './parts/plain-control-plane.ts';
import { plainNodes } from './parts/plain-nodes.ts';
import { seconds } from './parts/seconds.ts';

/**
 * How long a deployment takes from 0 to so many running pods on two nodes of EKS, beside the same on a plain upstream control plane with
 * two nodes as kind has them, in the same run. Prints pods a second and ratios to the plain one: above 1 Gantry is quicker.
 *
 *   node_modules/.bin/node bench/pods.ts [how many]
 */
const count = Number(process.argv[2] ?? 50);
const name = `bench-${process.pid}`;
const NODES = 2;

type Kubectl = (...words: string[]) => Promise<string>;

/** The image is on every node, so that no registry is measured. The first pods are not either: what is cold is warm then. */
async function pods(kubectl: Kubectl): Promise<number> {
  await kubectl('create', 'deployment', 'web', '--image=localhost/gantry/pause:1', '--replicas=0', '--', '/bin/busybox', 'sleep', '3600');
  await kubectl('patch', 'deployment', 'web', '--patch', JSON.stringify({ spec: { template: { spec: { terminationGracePeriodSeconds: 0 } } } }));
  const scale = async (howMany: number) => {
    await kubectl('scale', 'deployment', 'web', `--replicas=${howMany}`);
    if (howMany) await kubectl('wait', 'deployment', 'web', `--for=jsonpath={.status.readyReplicas}=${howMany}`, '--timeout=300s');
    else await kubectl('wait', 'pods', '--selector=app=web', '--for=delete', '--timeout=300s');
  };
  await scale(NODES * 2);
  await scale(0);
  return count / (await seconds(() => scale(count)));
}

async function plain(): Promise<number> {
  // Not /tmp, where an overlay may not be possible.
  await mkdir(homeRoot(), { recursive: true });
  const folder = await mkdtemp(join(homeRoot(), '.bench-'));
  const nodes = await plainNodes(folder, name);
  try {
    const control = await startControlPlane(folder, nodes.address);
    try {
      await nodes.start(control, NODES);
      return await pods(control.kubectl);
    } finally {
      await control.stop();
    }
  } finally {
    await nodes.remove();
    await rm(folder, { recursive: true, force: true });
  }
}

async function ofGantry(zones: 1 | 3): Promise<number> {
  await using cluster = await eksCluster(name, zones);
  await cluster.addNodes(NODES);
  // Awaited here: the cluster is gone when this function is.
  return await pods(cluster.kubectl);
}

const baseline = await plain();
const [one, three] = [await ofGantry(1), await ofGantry(3)];
const row = (perSecond: number) => ({ 'pods a second': perSecond.toFixed(1), 'seconds': (count / perSecond).toFixed(1), 'ratio': (perSecond / baseline).toFixed(2) });
console.table({
  [`plain: ${count} pods on ${NODES} nodes`]: row(baseline),
  'EKS, control plane in one zone': row(one),
  'EKS, control plane in three zones': row(three),
});
