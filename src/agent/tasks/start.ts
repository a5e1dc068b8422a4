import type { AcsContainer } from '../../wire/acs.ts';
import { run } from '../../engines/command.ts';
import { CriError, type SandboxConfig } from '../cri/types.ts';
import { CONTAINER_LABEL, SANDBOX_LABEL, TASK_LABEL, networkMode, sandboxOf } from '../names.ts';
import { PortTaken } from '../network/ports.ts';
import type { SandboxRecord, TaskRecord } from '../state.ts';
import { limitTask } from './cgroups.ts';
import { wishedStopped } from './decide.ts';
import { TaskError, messageOf, type Engine } from './dependencies.ts';
import { running } from './observe.ts';
import { containerConfig, dockerHostConfig, environment, sandboxConfig } from './spec.ts';
import { makeTaskLogDir, prepareMounts } from './volumes.ts';

/**
 * From a pulled image to a running container, in steps each of which is found again by an agent that takes over: the sandbox and the
 * container carry labels, and the record says CREATED before the container is started, so that none starts twice.
 *
 * Rejects with a TaskError where the container can never start, with anything else where it may be tried again.
 */
export async function startContainer(engine: Engine, record: TaskRecord, container: AcsContainer, sandboxes: Sandboxes): Promise<void> {
  const { cri, store, config } = engine;
  const state = record.containers[container.name]!;
  if (wishedStopped(record)) return;
  if (container.privileged && config.privilegedDisabled) throw new TaskError('CannotCreateContainerError', 'privileged containers are disabled on this container instance');
  await engine.logs.open(record, container);
  const sandbox = await sandboxes.ensure(sandboxOf(record, container.name));
  if (wishedStopped(record)) return;
  if (state.phase !== 'CREATED') {
    state.containerId = await create(engine, record, container, sandbox);
    state.phase = 'CREATED';
    await store.save();
  }
  if (wishedStopped(record)) return;
  await cri.startContainer(state.containerId!).catch((error: unknown) => {
    if (error instanceof CriError && !error.transient) throw new TaskError('CannotStartContainerError', `Error response from daemon: ${messageOf(error)}`, error);
    throw error;
  });
  const status = await cri.containerStatus(state.containerId!);
  if (status?.state === 'CONTAINER_RUNNING') {
    await setLimits(container, status.pid).catch((error: unknown) => engine.log('limits were not set', { task: record.task.arn, container: container.name, error }));
    running(state, status);
  }
}

async function create(engine: Engine, record: TaskRecord, container: AcsContainer, sandbox: { id: string; config: SandboxConfig }): Promise<string> {
  const state = record.containers[container.name]!;
  const own = { [TASK_LABEL]: record.task.arn, [CONTAINER_LABEL]: container.name };
  const before = (await engine.cri.listContainers(own)).find(({ metadata }) => metadata.attempt === state.attempt);
  if (before) return before.id;
  const secrets = await engine.secrets(record, container);
  const mounts = await prepareMounts(record, container, engine.config.dataDir).catch((error: unknown) => {
    throw new TaskError('CannotCreateVolumeError', messageOf(error), error);
  });
  const asked = containerConfig(record, container, { environment: environment(record, container, engine.instance, secrets), mounts, image: state.image!.id });
  try {
    return await engine.cri.createContainer(sandbox.id, asked, sandbox.config);
  } catch (error) {
    if (!(error instanceof CriError) || error.transient) throw error;
    throw new TaskError('CannotCreateContainerError', messageOf(error), error);
  }
}

/** Docker's ulimits. The runtime interface has none: they are set on the process just after it started, for it and what it starts. */
async function setLimits(container: AcsContainer, pid: number): Promise<void> {
  const limits = dockerHostConfig(container).Ulimits ?? [];
  if (!limits.length || !pid) return;
  const value = (n: number) => (n < 0 ? 'unlimited' : String(n));
  await run(['prlimit', '--pid', String(pid), ...limits.map(({ Name, Soft, Hard }) => `--${Name}=${value(Soft)}:${value(Hard)}`)]);
}

export interface Sandboxes {
  ensure(name: string): Promise<{ id: string; config: SandboxConfig }>;
}

/** The sandboxes of one task; containers that ask for the same one at the same time share it. */
export function makeSandboxes(engine: Engine, record: TaskRecord): Sandboxes {
  const making = new Map<string, Promise<{ id: string; config: SandboxConfig }>>();
  return {
    ensure(name) {
      let shared = making.get(name);
      if (!shared) {
        shared = ensureSandbox(engine, record, name).finally(() => making.delete(name));
        making.set(name, shared);
      }
      return shared;
    },
  };
}

const TRIES = 3;

async function ensureSandbox(engine: Engine, record: TaskRecord, name: string): Promise<{ id: string; config: SandboxConfig }> {
  const { store, config, network } = engine;
  const places = { logDir: config.logDir, cgroupParent: config.cgroupParent };
  const sandbox = (record.sandboxes[name] ??= { attempt: 0, bindings: await choosePorts(engine, record, name) });
  await store.save();
  await makeTaskLogDir(record, config.logDir);
  await limitTask(record, config.cgroupParent);
  for (let tries = 1; ; tries++) {
    try {
      await adoptOrRun(engine, record, name, sandbox);
      await network.connect(record, sandbox);
      await store.save();
      await network.applyPorts();
      return { id: sandbox.id!, config: sandboxConfig(record, name, places) };
    } catch (error) {
      if (error instanceof CriError && error.transient) throw error;
      if (tries === TRIES) throw new TaskError('CannotStartContainerError', messageOf(error), error);
      engine.log('the sandbox did not come up', { task: record.task.arn, sandbox: name, error });
    }
  }
}

async function choosePorts({ network }: Engine, record: TaskRecord, name: string) {
  const containers = record.task.containers.filter((container) => networkMode(record) === 'bridge' && container.name === name);
  try {
    return await network.choosePorts(record, containers);
  } catch (error) {
    if (!(error instanceof PortTaken)) throw error;
    throw new TaskError('CannotStartContainerError', `Error response from daemon: driver failed programming external connectivity on endpoint ${name}: ${error.message}`, error);
  }
}

/** The sandbox of this name that runs already, or else a new one; dead ones are taken away. */
async function adoptOrRun({ cri, config, network }: Engine, record: TaskRecord, name: string, sandbox: SandboxRecord): Promise<void> {
  const found = await cri.listSandboxes({ [TASK_LABEL]: record.task.arn, [SANDBOX_LABEL]: name });
  let alive = found.find(({ state }) => state === 'SANDBOX_READY')?.id;
  for (const { id, metadata } of found) {
    sandbox.attempt = Math.max(sandbox.attempt, metadata.attempt + (id === alive ? 0 : 1));
    if (id === alive) continue;
    await network.disconnect(record, { ...sandbox, id });
    await cri.stopSandbox(id);
    await cri.removeSandbox(id);
  }
  alive ??= await cri.runSandbox(sandboxConfig(record, name, { logDir: config.logDir, cgroupParent: config.cgroupParent }));
  const status = await cri.sandboxStatus(alive);
  if (status?.state !== 'SANDBOX_READY') throw new Error(`the sandbox ${alive} died`);
  sandbox.id = alive;
  if (status.address) sandbox.address = status.address;
  if (status.netns) sandbox.netns = status.netns;
}
