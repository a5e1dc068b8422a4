import type { Controller } from '../../../control/controller.ts';
import { agents, containerInstances, tasks, type Task } from '../records.ts';
import type { Session } from './session.ts';

/** The sessions that this process holds, by the key of their container instance. */
export type Sessions = Map<string, Session>;

/** Tells connected agents what changed for them. A session is synchronised by nobody else, so one at a time. */
export const makeHub = (sessions: Sessions): Controller => ({
  name: 'ecs/agents',
  watches: [
    {
      prefix: tasks.prefix,
      items({ key, value }) {
        const { cluster, containerInstance } = value as Task;
        return containerInstance ? [containerInstances.key(tasks.parse(key), cluster, containerInstance)] : [];
      },
    },
    // A connection that was just made.
    { prefix: agents.prefix, items: ({ key }) => [containerInstances.key(agents.parse(key), ...agents.parse(key).names)] },
  ],
  reconcile: async (key) => sessions.get(key)?.sync(),
});
