import { ECSClient, RegisterContainerInstanceCommand, SubmitTaskStateChangeCommand, type NetworkBinding } from '@aws-sdk/client-ecs';
import { keepConnected } from '../src/agent/acs.ts';
import type { AgentState, TaskRecord } from '../src/agent/state.ts';
import { tellHealth } from '../src/agent/telemetry.ts';
import type { AcsMessage, AcsReply, AcsTask } from '../src/wire/acs.ts';

/** What a test's container does once it is started; it does not come to run where that is 'wait'. */
export type Behaviour = (task: AcsTask) => 'run' | 'wait' | { exitCode: number } | { reason: string };

const CAPABILITIES = ['com.amazonaws.ecs.capability.logging-driver.awslogs', 'com.amazonaws.ecs.capability.ecr-auth', 'com.amazonaws.ecs.capability.task-iam-role', 'ecs.capability.task-eni', 'ecs.capability.container-health-check'];

/**
 * An ECS agent that runs nothing: it registers an EC2 instance, keeps the real web socket, and says of each task that it runs (or what
 * `behaviour` says). What it holds outlives `disconnect`, as a state file would.
 */
export async function startFakeAgent(client: { region: string; endpoint: string; credentials: { accessKeyId: string; secretAccessKey: string; sessionToken?: string } }, options: { cluster: string; instanceId: string; behaviour?: Behaviour; cpu?: number; memory?: number }) {
  const { cluster, instanceId, behaviour = () => 'run', cpu = 2048, memory = 1900 } = options;
  const ecs = new ECSClient(client);
  const integer = (name: string, integerValue: number) => ({ name, type: 'INTEGER', integerValue });
  const { containerInstance } = await ecs.send(new RegisterContainerInstanceCommand({
    cluster, instanceIdentityDocument: JSON.stringify({ instanceId }), totalResources: [integer('CPU', cpu), integer('MEMORY', memory), { name: 'PORTS', type: 'STRINGSET', stringSetValue: ['22'] }],
    attributes: CAPABILITIES.map((name) => ({ name })), versionInfo: { agentVersion: '1.0.0' },
  }));
  const containerInstanceArn = containerInstance?.containerInstanceArn ?? '';
  const clusterArn = containerInstanceArn.replace(/:container-instance\/([^/]+)\/.*/, ':cluster/$1');
  const tasks = new Map<string, { task: AcsTask; state: 'PENDING' | 'RUNNING' | 'STOPPED' }>();
  /** How often each task was started: more than once is a failure of the control plane or of this agent. */
  const starts = new Map<string, number>();
  const messages: AcsMessage[] = [];
  let nextPort = 32768;
  let abort = new AbortController();
  let connection: Promise<unknown> = Promise.resolve();
  const health: AgentState = { version: 1, seqNum: 0, tasks: {}, attachments: {} };

  const bindings = (task: AcsTask): Map<string, NetworkBinding[]> => new Map(task.containers.map(({ name, portMappings = [] }) => [name, task.networkMode === 'bridge'
    ? portMappings.map(({ containerPort, hostPort, protocol }) => ({ bindIP: '0.0.0.0', containerPort, hostPort: hostPort || nextPort++, protocol })) : []]));
  const submit = (task: AcsTask, status: 'RUNNING' | 'STOPPED', container: (name: string) => { exitCode?: number; reason?: string; networkBindings?: NetworkBinding[] }, reason?: string) =>
    ecs.send(new SubmitTaskStateChangeCommand({ cluster: clusterArn, task: task.arn, status, reason, containers: task.containers.map(({ name }) => ({ containerName: name, status, runtimeId: `${name}-runtime`, ...container(name) })) }));

  async function start(task: AcsTask): Promise<void> {
    starts.set(task.arn, (starts.get(task.arn) ?? 0) + 1);
    const outcome = behaviour(task);
    if (outcome === 'run') {
      const bound = bindings(task);
      tasks.set(task.arn, { task, state: 'RUNNING' });
      await submit(task, 'RUNNING', (name) => ({ networkBindings: bound.get(name) ?? [] }));
      return;
    }
    if (outcome === 'wait') return void tasks.set(task.arn, { task, state: 'PENDING' });
    tasks.set(task.arn, { task, state: 'STOPPED' });
    await submit(task, 'STOPPED', () => outcome, 'reason' in outcome ? outcome.reason : undefined);
  }

  async function stop(task: AcsTask): Promise<void> {
    if (tasks.get(task.arn)?.state === 'STOPPED') return;
    tasks.set(task.arn, { task, state: 'STOPPED' });
    await submit(task, 'STOPPED', () => ({ exitCode: 143 }));
  }

  async function onMessage(frame: AcsMessage, reply: (reply: AcsReply) => void): Promise<void> {
    messages.push(frame);
    if (frame.type === 'HeartbeatMessage') return reply({ type: 'HeartbeatAckRequest', message: { messageId: frame.message.messageId } });
    if (frame.type !== 'PayloadMessage' && frame.type !== 'AttachTaskNetworkInterfacesMessage') return;
    reply({ type: 'AckRequest', message: { cluster: clusterArn, containerInstance: containerInstanceArn, messageId: frame.message.messageId } });
    if (frame.type === 'AttachTaskNetworkInterfacesMessage') {
      const attachments = frame.message.elasticNetworkInterfaces.map(({ attachmentArn }) => ({ attachmentArn, status: 'ATTACHED' }));
      await ecs.send(new SubmitTaskStateChangeCommand({ cluster: clusterArn, task: frame.message.taskArn, attachments }));
      return;
    }
    for (const task of frame.message.tasks) {
      if (task.desiredStatus === 'STOPPED') await stop(task);
      else if (!tasks.has(task.arn)) await start(task);
    }
  }

  function connect(endpoint = client.endpoint): void {
    abort = new AbortController();
    const options = { identity: () => ({ clusterArn, containerInstanceArn }), credentials: async () => client.credentials, region: client.region, log() {}, signal: abort.signal };
    connection = Promise.all([
      keepConnected({ ...options, endpoint: async () => endpoint, onMessage, runtimeVersion: '' }),
      tellHealth({ ...options, endpoint: async () => `${endpoint}/telemetry/`, state: health, lookMs: 50 }),
    ]);
  }

  async function disconnect(): Promise<void> {
    abort.abort();
    await connection;
  }

  /** From now on its containers' health checks say this. */
  function setHealth(taskArn: string, status: 'HEALTHY' | 'UNHEALTHY'): void {
    const task = tasks.get(taskArn)?.task;
    if (!task) throw new Error(`no task ${taskArn} here`);
    const containers = Object.fromEntries(task.containers.map(({ name }) => [name, { health: { status, since: new Date().toISOString() } }]));
    health.tasks[taskArn] = { task, clusterArn, containers } as unknown as TaskRecord;
  }

  connect();
  return {
    containerInstanceArn, tasks, starts, messages, connect, disconnect, setHealth,
    /** Its container ends by itself. */
    async exit(taskArn: string, exitCode: number) {
      const known = tasks.get(taskArn);
      if (!known) throw new Error(`no task ${taskArn} here`);
      known.state = 'STOPPED';
      await submit(known.task, 'STOPPED', () => ({ exitCode }));
    },
    async close() {
      await disconnect();
      ecs.destroy();
    },
  };
}
