import type { Env } from '../../../control/service.ts';
import { newUuid } from '../arns.ts';
import type { Service, ServiceEvent } from '../records.ts';

/** Service events in ECS's sentences: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-event-messages-list.html */
const MOST = 100;
const GUIDE = 'For more information, see the Troubleshooting section of the Amazon ECS Developer Guide.';

const listed = (ids: string[]) => ids.map((id) => `(task ${id})`).join(' ');

export const sentences = {
  started: (ids: string[]) => `has started ${ids.length} tasks: ${listed(ids)}.`,
  stopped: (ids: string[]) => `has stopped ${ids.length} running tasks: ${listed(ids)}.`,
  draining: (count: number) => `has begun draining connections on ${count} tasks.`,
  registered: (count: number, targetGroupArn: string) => `registered ${count} targets in (target-group ${targetGroupArn})`,
  deregistered: (count: number, targetGroupArn: string) => `deregistered ${count} targets in (target-group ${targetGroupArn})`,
  steady: () => 'has reached a steady state.',
  completed: (deployment: string) => `(deployment ${deployment}) deployment completed.`,
  failed: (deployment: string) => `(deployment ${deployment}) deployment failed: tasks failed to start.`,
  rollingBack: (deployment: string) => `rolling back to deployment ${deployment}.`,
  inconsistent: () => `is unable to consistently start tasks successfully. ${GUIDE}`,
  unhealthy: (what: string, targetGroupArn: string, reason: string) => `${what} is unhealthy in (target-group ${targetGroupArn}) due to (reason ${reason})`,
  noInstances: () => `was unable to place a task because no container instance met all of its requirements. Reason: No Container Instances were found in your cluster. ${GUIDE}`,
  noRoom: (instance: string, reason: string) =>
    `was unable to place a task because no container instance met all of its requirements. The closest matching (container-instance ${instance}) ${shortcoming(reason)}. ${GUIDE}`,
};

function shortcoming(reason: string): string {
  switch (reason) {
    case 'RESOURCE:CPU': return 'has insufficient CPU units available';
    case 'RESOURCE:MEMORY': return 'has insufficient memory available';
    case 'RESOURCE:PORTS': return 'is already using a port required by your task';
    case 'ATTRIBUTE': return 'is missing an attribute required by your task';
    default: return `encountered error "${reason}"`;
  }
}

/** The failure to tell of: the one that lacks least, a resource rather than the agent. */
export function closest(failures: { instance: string; reason: string }[]): { instance: string; reason: string } | undefined {
  const rank = (reason: string) => (reason.startsWith('RESOURCE') ? 0 : reason === 'AGENT' ? 2 : 1);
  return failures.toSorted((a, b) => rank(a.reason) - rank(b.reason))[0];
}

/** Those that count what happened: the same words once more tell of more. */
const COUNTED = / (de)?registered \d+ targets | draining connections on \d+ tasks/;

/** Adds events, newest first. A sentence that is already the newest is not said again, unless it counts. */
export function withEvents(service: Service, messages: string[], env: Pick<Env, 'now' | 'randomHex'>): Service {
  const events = messages.reduce<ServiceEvent[]>((list, words) => {
    const message = `(service ${service.name}) ${words}`;
    return list[0]?.message === message && !COUNTED.test(message) ? list : [{ id: newUuid(env), createdAt: env.now().toISOString(), message }, ...list];
  }, service.events);
  return events === service.events ? service : { ...service, events: events.slice(0, MOST) };
}
