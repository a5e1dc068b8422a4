import type { Controller } from '../../../control/controller.ts';
import { services, taskDefinitions, tasks } from '../records.ts';

/** Takes away definitions that are to be deleted, once no task and no service is made from them. */
export const taskDefinitionController: Controller = {
  name: 'ecs/task-definitions',
  watches: [{ prefix: taskDefinitions.prefix, items: ({ key, value }) => ((value as { status?: string } | undefined)?.status === 'DELETE_IN_PROGRESS' ? [key] : []) }],
  async reconcile(key, { store }) {
    const entry = await taskDefinitions.at(store, key);
    if (entry?.value.status !== 'DELETE_IN_PROGRESS') return;
    const scope = taskDefinitions.parse(key);
    const name = `${entry.value.family}:${entry.value.revision}`;
    const used = (await tasks.list(store, scope)).some(({ value }) => value.taskDefinition === name && value.lastStatus !== 'STOPPED')
      || (await services.list(store, scope)).some(({ value }) => value.status !== 'INACTIVE' && value.deployments.some((deployment) => deployment.taskDefinition === name));
    if (!used) await store.commit([{ delete: key, expect: entry.revision }]);
  },
};
