import type * as Sdk from '@aws-sdk/client-ecs';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { clusterArn, clusterName, idIn, parseArn } from '../arns.ts';
import { requireCluster } from '../lookups.ts';
import { tasks, type Task } from '../records.ts';
import { attachmentsChanged, containersChanged, taskChanged } from '../tasks/reports.ts';

/** What agents report: https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_SubmitTaskStateChange.html and its like. */
const acknowledgment = 'ACCEPT';
const resources = (input: { cluster?: string | undefined }, context: RequestContext) => [clusterArn(context, clusterName(context, input.cluster))];

export const stateChangeOperations = {
  SubmitTaskStateChange: {
    resources,
    async run(input, context) {
      await change(context, input.cluster, input.task, (task) => {
        const attached = attachmentsChanged(context, task, input.attachments ?? []) ?? task;
        return taskChanged(attached, input, context.now().toISOString()) ?? (attached === task ? undefined : attached);
      });
      return { acknowledgment };
    },
  },

  SubmitContainerStateChange: {
    resources,
    async run(input, context) {
      await change(context, input.cluster, input.task, (task) => containersChanged(task, [input]));
      return { acknowledgment };
    },
  },

  SubmitAttachmentStateChanges: {
    resources,
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const ids = (input.attachments ?? []).map((attachment) => parseArn(attachment.attachmentArn ?? '')?.parts.at(-1));
      for (const { key, value } of await tasks.list(context.store, context, cluster.name)) {
        if (!ids.includes(value.attachment?.id)) continue;
        await tasks.update(context.store, key, (task) => attachmentsChanged(context, task, input.attachments ?? []));
      }
      return { acknowledgment };
    },
  },
} satisfies Partial<OperationTable<typeof Sdk>>;

/** A task that is not known any more is none that an agent could do anything about: it is told that all is well. */
async function change(context: RequestContext, givenCluster: string | undefined, given: string | undefined, next: (task: Task) => Task | undefined): Promise<void> {
  const cluster = clusterName(context, givenCluster);
  if (!given) return;
  await tasks.update(context.store, tasks.key(context, cluster, idIn(context, cluster, 'task', given)), next);
}
