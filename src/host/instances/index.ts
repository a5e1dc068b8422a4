/**
 * Instances of one machine: each a system container with an init, containerd and user data of its own, on an overlay over its AMI. They
 * live on without the agent, are found again by their folders and cgroups, and take with them, when killed, all that ran on them.
 *
 * Not here yet: volumes other than the root, user namespaces, moving an instance to another host.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { amiName, ensureImage } from '../../../images/index.ts';
import { binDir } from '../../engines/index.ts';
import type { Progress } from '../../engines/progress.ts';
import { runDirOf } from '../../wire/paths.ts';
import { interfaceReady, namespacePath, ensureNamespace } from '../network/index.ts';
import type { Desired, Host, MakePart, Teardown } from '../part.ts';
import { installationCgroup, instanceCgroup, removeCgroup, runsIn, weighInstances } from './cgroups.ts';
import { watchConsoles } from './console.ts';
import { enginesFor } from './engines.ts';
import { layFiles } from './files.ts';
import { folderOf, knownInstances, readState } from './folder.ts';
import { clearInit, initPid, startInit, type Place } from './init.ts';
import { raiseInotifyLimits } from './inotify.ts';
import { keepItems } from './items.ts';
import { keepInstance, NotStartable, powerOff, running, type Wish } from './keep.ts';
import { rootFiles, writeRootFiles } from './root-files.ts';
import { runtimeSpec } from './spec.ts';

const instancesDir = (stateDir: string) => join(stateDir, 'host', 'instances');
const repository = fileURLToPath(new URL('../../..', import.meta.url));
/** How often the inits are looked at: nothing tells when one ends that is not a child. */
const watchMs = 500;
/** How often a build that an instance waits for is told of. */
const buildTellMs = 5_000;

export const makeInstancesPart: MakePart = (host) => {
  const { installation } = host;
  const dir = instancesDir(installation.stateDir);
  const inits = new Map<string, number>();
  /** What was laid into the roots of running instances, so that a pass over them costs nothing. */
  const laid = new Map<string, string>();
  const lookAtConsole = watchConsoles();
  let desired: Desired | undefined;
  let raised = false;

  const place = (id: string): Place => ({ installationName: installation.name, id, folder: folderOf(dir, id), runcRoot: join(host.runDir, 'runc') });
  const items = keepItems(
    (id) => keepInstance({ host, place, wish, start: (at, wished) => start(host, at, wished), refresh, seen }, id),
    (id, error) => host.log('instance failed, will try again', { id, error: String(error) }),
  );

  function wish(id: string): Wish | undefined {
    const instance = desired?.instance.get(id);
    if (!desired || !instance) return undefined;
    const { interface: all } = desired;
    return { instance, interfaces: new Map(instance.interfaceIds.flatMap((one) => (all.has(one) ? [[one, all.get(one)!] as const] : []))) };
  }

  function seen(id: string, pid: number | undefined): void {
    if (pid === undefined) laid.delete(id);
    if (pid === undefined) inits.delete(id);
    else inits.set(id, pid);
  }

  async function refresh(id: string, pid: number, { instance: { files } }: Wish): Promise<void> {
    if (!files) return;
    const now = createHash('sha256').update(JSON.stringify([pid, files])).digest('base64');
    if (laid.get(id) === now) return;
    await layFiles(`/proc/${pid}/root`, files);
    laid.set(id, now);
  }

  async function watch(): Promise<void> {
    for (const [id, pid] of inits) {
      if (!(await runsIn(instanceCgroup(installation.name, id), pid))) items.kick(id);
    }
    for (const id of desired?.instance.keys() ?? []) {
      const output = await lookAtConsole(id, place(id).folder);
      if (output && desired?.instance.has(id)) host.report('console', id, output);
    }
  }

  async function watchAlways(): Promise<void> {
    for (;;) {
      await watch().catch((error: unknown) => host.log('looking at the instances failed', { error: String(error) }));
      await sleep(watchMs, undefined, { ref: false });
    }
  }

  /** Before anything is done: what is there, so that the control plane never takes silence for absence. */
  async function reportKnown(ids: string[]): Promise<void> {
    for (const id of ids) {
      const at = place(id);
      const [state, pid] = await Promise.all([readState(at.folder), initPid(at)]);
      if (state) host.report('instance', id, pid === undefined ? { generation: state.generation, state: 'stopping' } : running(state, pid));
    }
  }

  return {
    name: 'instances',
    async reconcile(wished) {
      if (!raised) for (const failure of await raiseInotifyLimits()) host.log('inotify limits stay as they are', { failure });
      raised = true;
      const known = await knownInstances(dir);
      if (!desired) {
        await reportKnown(known);
        void watchAlways();
      }
      desired = wished;
      for (const id of new Set([...wished.instance.keys(), ...known, ...items.busy()])) items.kick(id);
    },
  };
};

/** Makes what an instance needs and starts its init; false while an interface of it is not plugged in. */
async function start(host: Host, place: Place, { instance, interfaces }: Wish): Promise<boolean> {
  const { installation } = host;
  const image = amiName(instance.imageId);
  if (!image) throw new NotStartable(`the image ${instance.imageId} is not on this host`);
  await ensureNamespace(installation, place.id);
  for (const id of instance.interfaceIds) {
    const one = interfaces.get(id);
    if (!one || !(await interfaceReady(installation, id, one))) return false;
  }
  const { generation } = instance;
  const building = limited(buildTellMs, (engine: string, { what, done, total }: Parameters<Progress>[0]) => {
    const reason = `building the engine ${engine}: ${what}${total ? ` ${done} of ${total}` : ''}`;
    host.log(reason, { id: place.id });
    host.report('instance', place.id, { generation, state: 'pending', reason });
  });
  const engines = await enginesFor(image, building);
  const lower = await ensureImage((step) => host.log('making the image', step));
  const address = interfaces.get(instance.interfaceIds[0] ?? '')?.address;
  await writeRootFiles(place.folder.upper, rootFiles({ installation, id: place.id, image, wish: instance, address }));
  const spec = runtimeSpec({
    folder: place.folder,
    wish: instance,
    cgroup: instanceCgroup(installation.name, place.id),
    networkNamespace: namespacePath(installation, place.id),
    repository,
    engines,
  });
  await startInit(place, { runc: join(await binDir('runc'), 'runc'), spec, lower, files: instance.files ?? [] });
  await weighInstances(installation.name);
  return true;
}

/** At most one call in so many milliseconds. */
function limited<A extends unknown[]>(everyMs: number, tell: (...words: A) => void): (...words: A) => void {
  let last = -Infinity;
  return (...words) => {
    if (performance.now() - last < everyMs) return;
    last = performance.now();
    tell(...words);
  };
}

/** How long `gantry down` gives the services of all instances to end. */
const powerOffMs = 15_000;

/** All at once, as when their machine is switched off in order: services end first, and the next agent starts the instances again. */
export const powerOffInstances: Teardown = async (installation) => {
  await Promise.all((await placesOf(installation)).map((place) => powerOff(place, powerOffMs)));
};

/** The namespaces are the network's to take away. */
export const teardownInstances: Teardown = async (installation) => {
  await Promise.all((await placesOf(installation)).map(clearInit));
  // What is left of instances whose folder is not there any more.
  await removeCgroup(installationCgroup(installation.name));
};

async function placesOf({ name, stateDir }: Parameters<Teardown>[0]): Promise<Place[]> {
  const dir = instancesDir(stateDir);
  return (await knownInstances(dir)).map((id) => ({ installationName: name, id, folder: folderOf(dir, id), runcRoot: join(runDirOf(name), 'runc') }));
}
