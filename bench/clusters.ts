import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eksCluster } from './parts/eks.ts';
import { startControlPlane } from './parts/plain-control-plane.ts';
import { seconds } from './parts/seconds.ts';

/**
 * How long EKS takes from CreateCluster to ACTIVE, with a control plane in one zone and in three, and a node group of two to ACTIVE,
 * beside a plain upstream control plane (etcd, API server, controller manager, scheduler as processes) to /readyz, in the same run.
 * Prints seconds and ratios to the plain one.
 *
 *   node_modules/.bin/node bench/clusters.ts
 */
const name = `bench-${process.pid}`;
const NODES = 2;

async function plain(): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), 'gantry-plain-'));
  try {
    return await seconds(async () => (await startControlPlane(folder, '127.0.0.1')).stop());
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function ofGantry(zones: 1 | 3): Promise<{ active: number; nodes: number }> {
  await using cluster = await eksCluster(name, zones);
  return { active: cluster.activeAfter, nodes: await cluster.addNodes(NODES) };
}

// The first start of a program reads it from the disk.
await plain();
const baseline = await plain();
const [one, three] = [await ofGantry(1), await ofGantry(3)];
const row = (took: number, aim?: number) => ({ 'seconds': took.toFixed(1), 'aim': aim ?? '', 'times the plain one': (took / baseline).toFixed(1) });
console.table({
  'plain control plane, to /readyz': row(baseline),
  'EKS, one zone, to ACTIVE': row(one.active, 12),
  'EKS, three zones, to ACTIVE': row(three.active, 25),
  [`node group of ${NODES} (one zone), to ACTIVE`]: row(one.nodes, 10),
  [`node group of ${NODES} (three zones), to ACTIVE`]: row(three.nodes, 10),
});
