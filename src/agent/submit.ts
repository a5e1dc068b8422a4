import type { ECSClient } from '@aws-sdk/client-ecs';
import { SubmitContainerStateChangeCommand, SubmitTaskStateChangeCommand, type ContainerStateChange, type NetworkBinding } from '@aws-sdk/client-ecs';
import type { AcsContainer } from '../wire/acs.ts';
import { networkMode, sandboxOf } from './names.ts';
import type { StateStore, TaskRecord } from './state.ts';
import { knownStatus } from './tasks/decide.ts';
import type { Log } from './log.ts';

export interface Submit {
  /** Whether there is something about the task that the control plane was not told. */
  owes(record: TaskRecord): boolean;
  /** Tells the control plane what it was not told yet. Rejects while it cannot be told. Resolves at once if there is nothing. */
  task(record: TaskRecord): Promise<void>;
  attachment(attachmentArn: string, task: { arn: string; clusterArn: string }): Promise<void>;
}

/** AWS's limits of text. */
const cut = (text: string | undefined, length: number) => (text === undefined ? undefined : text.slice(0, length));

export function makeSubmit({ ecs, store, log }: { ecs: Pick<ECSClient, 'send'>; store: StateStore; log: Log }): Submit {
  return {
    owes: (record) => owesTask(record) || changes(record).length > 0,
    async task(record) {
      const status = knownStatus(record);
      const containers = changes(record);
      if (status !== 'PENDING' && owesTask(record)) {
        await takenOrRefused(submitTask(record, status), record);
        record.submitted.task = status;
      } else {
        for (const change of containers) await takenOrRefused(submitContainer(record, change), record);
      }
      for (const { containerName, status: told } of containers) record.submitted.containers[containerName!] = told as 'RUNNING' | 'STOPPED';
      await store.save();
    },
    async attachment(attachmentArn, task) {
      // As AWS's agent tells of a task's ENI; SubmitAttachmentStateChanges is for those of instances.
      await ecs.send(new SubmitTaskStateChangeCommand({ cluster: task.clusterArn, task: task.arn, attachments: [{ attachmentArn, status: 'ATTACHED' }] }));
    },
  };

  async function submitTask(record: TaskRecord, status: string): Promise<void> {
    const date = (iso: string | undefined) => (iso ? new Date(iso) : undefined);
    await ecs.send(
      new SubmitTaskStateChangeCommand({
        cluster: record.clusterArn,
        task: record.task.arn,
        status,
        reason: cut(record.reason, 1024),
        containers: record.task.containers.map((container) => describe(record, container)).filter(({ status: known }) => known !== 'PENDING'),
        pullStartedAt: date(record.pullStartedAt),
        pullStoppedAt: date(record.pullStoppedAt),
        executionStoppedAt: date(record.executionStoppedAt),
      }),
    );
  }

  async function submitContainer(record: TaskRecord, change: ContainerStateChange): Promise<void> {
    const { containerName, status, runtimeId, exitCode, reason, networkBindings } = change;
    await ecs.send(new SubmitContainerStateChangeCommand({ cluster: record.clusterArn, task: record.task.arn, containerName, status, runtimeId, exitCode, reason, networkBindings }));
  }

  /** What the control plane refuses for good (it does not know the task) would be refused for ever. */
  async function takenOrRefused(call: Promise<void>, record: TaskRecord): Promise<void> {
    try {
      await call;
    } catch (error) {
      const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
      const refused = $metadata?.httpStatusCode === 400 && ['InvalidParameterException', 'ClientException', 'ClusterNotFoundException'].includes(name ?? '');
      if (!refused) throw error;
      log('the control plane refuses a state', { task: record.task.arn, error });
    }
  }
}

function owesTask(record: TaskRecord): boolean {
  const status = knownStatus(record);
  return status !== 'PENDING' && record.submitted.task !== status && record.submitted.task !== 'STOPPED';
}

/** Containers whose state the control plane does not know yet. */
function changes(record: TaskRecord): ContainerStateChange[] {
  return record.task.containers
    .map((container) => describe(record, container))
    .filter(({ containerName, status }) => status !== 'PENDING' && record.submitted.containers[containerName!] !== status);
}

function describe(record: TaskRecord, container: AcsContainer): ContainerStateChange {
  const { phase, containerId, exitCode, reason, image } = record.containers[container.name]!;
  return {
    containerName: container.name,
    status: phase === 'RUNNING' || phase === 'STOPPED' ? phase : 'PENDING',
    runtimeId: containerId,
    imageDigest: image?.digest,
    exitCode,
    reason: cut(reason, 255),
    networkBindings: networkBindings(record, container),
  };
}

/** In awsvpc mode a port is one of the task's own address: there is nothing to tell. */
export function networkBindings(record: TaskRecord, container: AcsContainer): NetworkBinding[] {
  const mode = networkMode(record);
  if (mode === 'host') return (container.portMappings ?? []).map(({ containerPort, protocol }) => ({ bindIP: '0.0.0.0', containerPort, hostPort: containerPort, protocol: protocol ?? 'tcp' }));
  if (mode !== 'bridge') return [];
  return (record.sandboxes[sandboxOf(record, container.name)]?.bindings ?? []).map(({ containerPort, hostPort, protocol }) => ({ bindIP: '0.0.0.0', containerPort, hostPort, protocol }));
}
