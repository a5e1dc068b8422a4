import type { Task } from '../records.ts';
import { isBefore } from '../tasks/state.ts';

/**
 * What a session has sent and what came of it. What was not acknowledged within RESEND_MS is sent again; what was is not, within this
 * session.
 */
const RESEND_MS = 10_000;

export type Topic = `start ${string}` | `stop ${string}` | `attach ${string}`;

export function makeOutbox(now: () => number) {
  const sent = new Map<Topic, number>();
  const acknowledged = new Set<Topic>();
  const messages = new Map<string, Topic[]>();
  return {
    isDue: (topic: Topic) => !acknowledged.has(topic) && now() - (sent.get(topic) ?? -Infinity) >= RESEND_MS,
    note(messageId: string, topics: Topic[]) {
      messages.set(messageId, topics);
      for (const topic of topics) sent.set(topic, now());
    },
    acknowledge(messageId: string): Topic[] {
      const topics = messages.get(messageId) ?? [];
      messages.delete(messageId);
      for (const topic of topics) acknowledged.add(topic);
      return topics;
    },
    /** Forgets what concerns tasks that are no longer there. */
    keepOnly(taskIds: ReadonlySet<string>) {
      for (const topic of sent.keys()) {
        if (taskIds.has(topic.split(' ')[1] ?? '')) continue;
        sent.delete(topic);
        acknowledged.delete(topic);
      }
    },
    /** When to look again because of what is not acknowledged. */
    againInMs: () => ([...sent.keys()].some((topic) => !acknowledged.has(topic)) ? RESEND_MS : undefined),
  };
}

/** What an agent must be told of a task, by what it acknowledged before and what the record says. */
export function topicOf(task: Task): Topic | undefined {
  if (task.lastStatus === 'PROVISIONING') return task.attachment?.status === 'ATTACHING' ? `attach ${task.id}` : undefined;
  if (task.desiredStatus === 'RUNNING') return task.acknowledged ? undefined : `start ${task.id}`;
  return task.lastStatus === 'STOPPING' ? `stop ${task.id}` : undefined;
}

/** Tasks that the agent should have; those whose containers are gone are not told of. */
export const isOnInstance = (task: Task) => isBefore(task.lastStatus, 'DEPROVISIONING') && task.lastStatus !== 'PROVISIONING';
