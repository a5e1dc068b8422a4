import type { WebSocket } from 'ws';
import type { Env } from '../../../control/service.ts';
import type { AcsMessages, AcsReply, AcsTask, TaskStopVerificationMessage } from '../../../wire/acs.ts';
import { clusterArn, containerInstanceArn, newUuid, taskArn } from '../arns.ts';
import { containerInstances, taskDefinitionKey, taskDefinitions, tasks, type Task, type TaskDefinition } from '../records.ts';
import { changed, containersGone } from '../tasks/state.ts';
import { cannotAssume, RENEW_MS, roleArn, roleCredentials, type RoleKind } from './credentials.ts';
import { networkInterfaceOf } from './network-interface.ts';
import { isOnInstance, makeOutbox, topicOf, type Topic } from './outbox.ts';
import { acsTask } from './task.ts';

/** One agent's connection. `sync` is called one at a time (`hub.ts`); it looks at the store and tells what the agent does not know yet. */
export interface Session {
  /** When to call it again though nothing changed. */
  sync(): Promise<void | { againInMs: number }>;
  /** A frame of the agent's. */
  receive(reply: AcsReply): Promise<void>;
}

/** Tasks in one payload at most. */
const BATCH = 10;
const ATTACH_TIMEOUT_MS = 5 * 60_000;

export function makeSession(env: Env, key: string, socket: Pick<WebSocket, 'send'>): Session {
  const { names: [cluster = '', id = ''], ...scope } = containerInstances.parse(key);
  const arns = { clusterArn: clusterArn(scope, cluster), containerInstanceArn: containerInstanceArn(scope, { cluster, id }) };
  const outbox = makeOutbox(() => env.now().getTime());
  /** By credentials id: when what this session gave to the agent ends. */
  const expirations = new Map<string, number>();
  let seqNum = 0;
  let greeted = false;

  /** Grows with each message, over restarts too: a store's revision never goes back. */
  const nextSeqNum = (revision: number) => (seqNum = Math.max(seqNum + 1, revision));

  function send<K extends keyof AcsMessages>(type: K, message: AcsMessages[K]): void {
    socket.send(JSON.stringify({ type, message }));
  }

  async function sync(): Promise<void | { againInMs: number }> {
    const { entries, revision } = await env.store.list(tasks.under(scope, cluster));
    const own = entries.map((entry) => entry.value as Task).filter((task) => task.containerInstance === id && task.lastStatus !== 'STOPPED');
    outbox.keepOnly(new Set(own.map((task) => task.id)));
    if (!greeted) manifest(own, revision);
    greeted = true;
    const due = own.flatMap((task) => {
      const topic = topicOf(task);
      return topic && outbox.isDue(topic) ? [{ task, topic }] : [];
    });
    const about = (verb: string) => due.filter(({ topic }) => topic.startsWith(verb));
    for (const { task, topic } of about('attach')) await attach(task, topic);
    // Starts first: nothing that starts waits for what stops, for its resources are still counted as taken.
    await payloads(about('start'), 'RUNNING', revision);
    await payloads(about('stop'), 'STOPPED', revision);
    for (const task of own.filter((one) => one.acknowledged === 'RUNNING' && one.desiredStatus === 'RUNNING')) await renew(task);
    const waits = [outbox.againInMs(), ...[...expirations.values()].map((at) => Math.max(1000, at - RENEW_MS - env.now().getTime()))].filter((ms) => ms !== undefined);
    return waits.length ? { againInMs: Math.min(...waits) } : undefined;
  }

  function manifest(own: Task[], revision: number): void {
    send('TaskManifestMessage', {
      ...arns, messageId: newUuid(env), generatedAt: env.now().getTime(), timeline: nextSeqNum(revision),
      tasks: own.filter(isOnInstance).map((task) => ({ taskArn: taskArn(scope, task), taskClusterArn: arns.clusterArn, desiredStatus: agentStatus(task) })),
    });
  }

  async function attach(task: Task, topic: Topic): Promise<void> {
    const networkInterface = await networkInterfaceOf(env, scope, task);
    if (!networkInterface) return;
    const messageId = newUuid(env);
    outbox.note(messageId, [topic]);
    send('AttachTaskNetworkInterfacesMessage', {
      ...arns, taskArn: taskArn(scope, task), taskClusterArn: arns.clusterArn, messageId, generatedAt: env.now().getTime(), waitTimeoutMs: ATTACH_TIMEOUT_MS,
      elasticNetworkInterfaces: [networkInterface],
    });
  }

  async function payloads(due: { task: Task; topic: Topic }[], desiredStatus: 'RUNNING' | 'STOPPED', revision: number): Promise<void> {
    for (let i = 0; i < due.length; i += BATCH) {
      const batch = due.slice(i, i + BATCH);
      const told = await Promise.all(batch.map(async ({ task, topic }) => ({ topic, wire: await describe(task, desiredStatus) })));
      const ready = told.flatMap(({ topic, wire }) => (wire ? [{ topic, wire }] : []));
      if (!ready.length) continue;
      const messageId = newUuid(env);
      outbox.note(messageId, ready.map(({ topic }) => topic));
      send('PayloadMessage', { ...arns, messageId, generatedAt: env.now().getTime(), seqNum: nextSeqNum(revision), tasks: ready.map(({ wire }) => wire) });
    }
  }

  async function describe(task: Task, desiredStatus: 'RUNNING' | 'STOPPED'): Promise<AcsTask | undefined> {
    const definition = await definitionOf(task);
    if (!definition) return undefined;
    if (desiredStatus === 'STOPPED') return acsTask(scope, task, desiredStatus, { definition });
    const [role, executionRole] = [await credentialsOf(task, definition, 'task'), await credentialsOf(task, definition, 'execution')];
    if (role === 'refused' || executionRole === 'refused') return undefined;
    return acsTask(scope, task, desiredStatus, { definition, roleCredentials: role, executionRoleCredentials: executionRole, networkInterface: await networkInterfaceOf(env, scope, task) });
  }

  async function definitionOf({ taskDefinition }: Task): Promise<TaskDefinition | undefined> {
    const [family = '', revision] = taskDefinition.split(':');
    return (await taskDefinitions.get(env.store, scope, ...taskDefinitionKey(family, Number(revision))))?.value;
  }

  /** A task whose role cannot be assumed does not start. */
  async function credentialsOf(task: Task, definition: TaskDefinition, kind: RoleKind) {
    try {
      const credentials = await roleCredentials(env, scope, task, definition, kind);
      if (credentials) expirations.set(credentials.credentialsId, Date.parse(credentials.expiration));
      return credentials;
    } catch (error) {
      env.log('a role cannot be assumed for a task', { task: task.id, error: String(error) });
      const why = { code: 'TaskFailedToStart' as const, reason: cannotAssume(roleArn(task, definition, kind) ?? '') };
      if (!task.acknowledged) await tasks.update(env.store, tasks.key(scope, cluster, task.id), (current) => containersGone(current, why, env.now().toISOString()));
      return 'refused' as const;
    }
  }

  /** Fresh credentials before the old ones end; and once in each session, which does not know what was given before. */
  async function renew(task: Task): Promise<void> {
    const kinds = (['task', 'execution'] as const).filter((kind) => {
      const credentialsId = task.credentialIds?.[kind];
      return credentialsId && (expirations.get(credentialsId) ?? 0) - env.now().getTime() < RENEW_MS;
    });
    const definition = kinds.length ? await definitionOf(task) : undefined;
    if (!definition) return;
    for (const kind of kinds) {
      const credentials = await credentialsOf(task, definition, kind);
      if (!credentials || credentials === 'refused') continue;
      send('IAMRoleCredentialsMessage', {
        taskArn: taskArn(scope, task), taskClusterArn: arns.clusterArn, messageId: newUuid(env), roleType: kind === 'task' ? 'TaskApplication' : 'TaskExecution',
        roleCredentials: credentials,
      });
    }
  }

  async function receive(reply: AcsReply): Promise<void> {
    if (reply.type === 'AckRequest') {
      for (const topic of outbox.acknowledge(reply.message.messageId)) await acknowledged(topic);
    } else if (reply.type === 'NackRequest') {
      env.log('an agent refuses a message', { instance: arns.containerInstanceArn, reason: reply.message.reason });
    } else if (reply.type === 'TaskStopVerificationMessage') await verifyStops(reply.message);
  }

  async function acknowledged(topic: Topic): Promise<void> {
    const [verb, taskId = ''] = topic.split(' ');
    const status = verb === 'start' ? 'RUNNING' : verb === 'stop' ? 'STOPPED' : undefined;
    if (!status) return;
    await tasks.update(env.store, tasks.key(scope, cluster, taskId), (task) =>
      (task.acknowledged === status || task.acknowledged === 'STOPPED' ? undefined : changed(task, { acknowledged: status })));
  }

  /** The agent runs what was not in the list it got: it may have come since. */
  async function verifyStops({ messageId, stopCandidates }: TaskStopVerificationMessage): Promise<void> {
    const judged = await Promise.all(stopCandidates.map(async (candidate) => {
      const task = (await tasks.get(env.store, scope, cluster, candidate.taskArn.split('/').at(-1) ?? ''))?.value;
      return { candidate, wished: task !== undefined && isOnInstance(task) && agentStatus(task) === 'RUNNING' };
    }));
    const stopTasks = judged.filter(({ wished }) => !wished).map(({ candidate }) => candidate);
    if (stopTasks.length) send('TaskStopVerificationAck', { messageId, generatedAt: env.now().getTime(), stopTasks });
  }

  return { sync, receive };
}

/** A task whose targets still drain goes on running on its instance. */
const agentStatus = (task: Task) => (task.lastStatus === 'STOPPING' ? 'STOPPED' : 'RUNNING');
