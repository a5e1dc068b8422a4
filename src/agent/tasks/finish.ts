import { SANDBOX_LABEL, TASK_LABEL } from '../names.ts';
import type { TaskRecord } from '../state.ts';
import { removeTaskCgroup } from './cgroups.ts';
import type { Engine } from './dependencies.ts';
import { removeTaskFiles, removeTaskLogs } from './volumes.ts';

/** All containers ended: logs go out, then the network is freed. After it the task counts as stopped. */
export async function finish(engine: Engine, record: TaskRecord): Promise<void> {
  const { cri, store, network, now } = engine;
  record.executionStoppedAt ??= new Date(now()).toISOString();
  await engine.logs.drain(record);
  // By label: one may have been made by an agent that died before it wrote that down.
  for (const { id, labels } of await cri.listSandboxes({ [TASK_LABEL]: record.task.arn })) {
    const sandbox = record.sandboxes[labels[SANDBOX_LABEL]!];
    if (sandbox) await network.disconnect(record, { ...sandbox, id });
    await cri.stopSandbox(id);
  }
  for (const sandbox of Object.values(record.sandboxes)) sandbox.stopped = true;
  await network.applyPorts();
  await removeTaskCgroup(record, engine.config.cgroupParent);
  record.stoppedAt = new Date(now()).toISOString();
  await store.save();
}

/** A while after: nothing of the task is left on the instance. */
export async function cleanUp(engine: Engine, record: TaskRecord): Promise<void> {
  const { cri, store, config } = engine;
  for (const { id } of await cri.listContainers({ [TASK_LABEL]: record.task.arn })) await cri.removeContainer(id);
  for (const { id } of await cri.listSandboxes({ [TASK_LABEL]: record.task.arn })) await cri.removeSandbox(id);
  await removeTaskFiles(record, config.dataDir);
  await removeTaskLogs(record, config.logDir);
  await removeTaskCgroup(record, config.cgroupParent);
  delete store.state.tasks[record.task.arn];
  await store.save();
}
