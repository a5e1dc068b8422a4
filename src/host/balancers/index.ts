/**
 * Application and network load balancers of this machine: each is one HAProxy (Debian's 2.6 or newer) in a namespace of its own with an interface a
 * subnet. Listeners and rules are its configuration, changed by a reload that loses no connection; targets are its servers, changed
 * through its runtime API. HAProxy checks targets itself and goes on without the agent; a dead one is started again within a second.
 *
 * As an ALB: rules by priority with all condition types, weighted forwards, redirects, fixed responses, forwarded headers, trace ids, error pages, health
 * states and reasons, "fail open", draining, sticky sessions. By design unlike it: a connection that a target refuses is tried at another
 * one. As an NLB: TCP listeners, checks by TCP, HTTP and HTTPS, the PROXY protocol, sticky clients; a target that becomes unhealthy loses its
 * connections. By design unlike it: HAProxy makes a connection of its own, so a target sees the balancer's address and not the client's.
 *
 * Not here yet: HTTPS and HTTP/2 listeners, authentication, slow start, access logs; a connection that times out is a 502, not 504.
 */
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { DesiredBalancer, ObservedBalancer } from '../../wire/host.ts';
import { runDirOf } from '../../wire/paths.ts';
import type { Desired, MakePart, Teardown } from '../part.ts';
import { ensureNamespace, interfaceReady } from '../network/index.ts';
import type { Named } from '../network/names.ts';
import { namespaceIds } from '../network/namespaces.ts';
import { paths, render } from './config.ts';
import { keepRunning, removeBalancer, saveServers } from './process.ts';
import { ask, askAll, servers, type ServerRow } from './runtime.ts';
import { observe, targetCommands } from './targets.ts';

/** How often HAProxy is asked for its servers' health; one that does not answer is started again. */
const lookEveryMs = 500;

/** Answers to commands that worked, and to those that are said again until they do. */
const expected = /^New server registered|^Server deleted|^Server still has connections/;

const root = (runDir: string) => join(runDir, 'balancers');

interface Kept {
  wish: DesiredBalancer;
  folder: string;
  ready: boolean;
  observed: ObservedBalancer;
  /** What `show stat` said of the servers' states, to know when they are worth saving. */
  statuses: string;
  /** HAProxy answered when it was last asked. */
  alive: boolean;
  /** The pass over it that is under way; the next one waits. */
  pass: Promise<void>;
  /** A look waits or is under way: the next one waits for the next time. */
  looking: boolean;
}

export const makeBalancersPart: MakePart = (host, wake) => {
  const { installation } = host;
  const kept = new Map<string, Kept>();

  function report(id: string, balancer: Kept, now: ObservedBalancer): void {
    const worthTelling = withoutIdleCounts(now) !== withoutIdleCounts(balancer.observed);
    balancer.observed = now;
    if (worthTelling) host.report('balancer', id, now);
  }

  /** Moves the running HAProxy's servers towards the wish, and tells how they are. */
  async function keepTargets(id: string, balancer: Kept): Promise<void> {
    const { wish, folder } = balancer;
    const { stats } = paths(folder);
    let rows = await servers(stats);
    const commands = Object.entries(wish.targetGroups).flatMap(([group, groupWish]) => targetCommands(group, groupWish, rows));
    if (commands.length > 0) {
      const refused = (await askAll(stats, commands)).split('\n').filter((line) => line !== '' && !expected.test(line));
      if (refused.length > 0) host.log('HAProxy refuses', { balancer: id, refused: [...new Set(refused)] });
      rows = await servers(stats);
    }
    const statuses = statusesOf(rows);
    if (statuses !== balancer.statuses) await saveServers(folder, await ask(stats, ['show servers state']));
    balancer.statuses = statuses;
    balancer.alive = true;
    report(id, balancer, { state: balancer.ready ? 'active' : 'provisioning', health: observe(wish.targetGroups, rows, balancer.observed.health) });
  }

  async function keep(id: string, balancer: Kept, desired: Desired): Promise<void> {
    const { wish } = balancer;
    try {
      await ensureNamespace(installation, id);
      const [first] = wish.interfaceIds.map((interfaceId) => desired.interface.get(interfaceId));
      const rendered = render(wish, balancer.folder, `${first?.address ?? '127.0.0.1'}:${wish.listeners[0]?.port ?? 80}`);
      if (await keepRunning(installation, id, balancer.folder, rendered)) host.log('HAProxy runs a new configuration', { balancer: id, hash: rendered.hash });
      const standing = await Promise.all(wish.interfaceIds.map(async (interfaceId) => {
        const one = desired.interface.get(interfaceId);
        return one !== undefined && interfaceReady(installation, interfaceId, one);
      }));
      balancer.ready = standing.every(Boolean);
      await keepTargets(id, balancer);
    } catch (error) {
      report(id, balancer, { ...balancer.observed, state: balancer.ready ? 'active' : 'failed', reason: error instanceof Error ? error.message : String(error) });
      throw error;
    }
  }

  function keptAs(id: string, wish: DesiredBalancer): Kept {
    const balancer = kept.get(id) ?? newKept(wish, join(root(host.runDir), id));
    kept.set(id, balancer);
    balancer.wish = wish;
    return balancer;
  }

  async function remove(id: string): Promise<void> {
    const { pass } = kept.get(id) ?? {};
    kept.delete(id);
    await pass;
    await removeBalancer(installation, id, join(root(host.runDir), id));
    host.report('balancer', id, null);
  }

  const inTurn = (balancer: Kept, work: () => Promise<void>) => {
    const pass = balancer.pass.then(work);
    balancer.pass = pass.catch(() => {});
    return pass;
  };

  const look = (id: string, balancer: Kept) => inTurn(balancer, async () => {
    if (!balancer.alive || !kept.has(id)) return;
    balancer.alive = false;
    // Dead: a whole pass starts it again. If that fails too, the agent's loop says when to try next.
    await keepTargets(id, balancer).catch(wake);
  });
  setInterval(() => {
    for (const [id, balancer] of kept) {
      if (balancer.looking) continue;
      balancer.looking = true;
      void look(id, balancer).finally(() => (balancer.looking = false));
    }
  }, lookEveryMs).unref();

  return {
    name: 'balancers',
    async reconcile(desired) {
      const failures: unknown[] = [];
      const attempt = (work: Promise<void>) => work.catch((error: unknown) => void failures.push(error));
      const gone = (await standingBalancers(installation, host.runDir)).filter((id) => !desired.balancer.has(id));
      await Promise.all(gone.map((id) => attempt(remove(id))));
      await Promise.all([...desired.balancer].map(([id, wish]) => {
        const balancer = keptAs(id, wish);
        return attempt(inTurn(balancer, () => keep(id, balancer, desired)));
      }));
      if (failures.length > 0) throw new AggregateError(failures, failures.map(String).join('; '));
    },
  };
};

const newKept = (wish: DesiredBalancer, folder: string): Kept =>
  ({ wish, folder, ready: false, observed: { state: 'provisioning', health: {} }, statuses: '', alive: false, pass: Promise.resolve(), looking: false });

/** Which servers are up, down or out of service: what comes and goes between (`UP 1/3`, counts) is not kept. */
const statusesOf = (rows: readonly ServerRow[]) => rows.map(({ backend, name, status }) => `${backend}/${name} ${status.split(' ')[0]}`).join('\n');

/** Connections are counted for those that wait for the last one to end; for the others a number each half second is no news. */
const withoutIdleCounts = (observed: ObservedBalancer) =>
  JSON.stringify(observed, (_, value: unknown) => (isTarget(value) && value.state !== 'draining' ? { ...value, activeConnections: 0 } : value));

const isTarget = (value: unknown): value is { state: string; activeConnections: number } => typeof value === 'object' && value !== null && 'activeConnections' in value;

/** Everything that was ever made and not taken away: a namespace, a folder, or both. */
async function standingBalancers(installation: Named, runDir: string): Promise<string[]> {
  const [namespaces, folders] = await Promise.all([namespaceIds(installation), readdir(root(runDir)).catch(() => [] as string[])]);
  return [...new Set([...namespaces.filter((id) => id.startsWith('lb-')), ...folders])];
}

export const teardownBalancers: Teardown = async (installation) => {
  const runDir = runDirOf(installation.name);
  for (const id of await standingBalancers(installation, runDir)) await removeBalancer(installation, id, join(root(runDir), id));
  await rm(root(runDir), { recursive: true, force: true });
};
