import { chmod, mkdir, open, readFile, rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { AcsNetworkInterface, AcsTask } from '../wire/acs.ts';

/**
 * All that the agent remembers, in `<dataDir>/agent.json` (readable by root alone: it holds the tasks' credentials, so that tasks
 * keep theirs while the control plane is away). It is what was decided and what was told; what runs is asked of the runtime.
 */
export interface AgentState {
  version: 1;
  /** The instance that all of this belongs to: a copied disk starts anew. */
  instanceId?: string;
  clusterArn?: string;
  containerInstanceArn?: string;
  /** Makes the first registration idempotent. */
  registrationToken?: string;
  availabilityZone?: string;
  /** The newest payload or manifest seen. */
  seqNum: number;
  tasks: Record<string, TaskRecord>;
  /** ENIs that are announced but whose link was not yet reported as there, by attachment ARN. */
  attachments: Record<string, AttachmentRecord>;
}

export interface AttachmentRecord {
  taskArn: string;
  clusterArn: string;
  networkInterface: AcsNetworkInterface;
  /** ISO 8601; after it nobody waits for the link any more. */
  expiresAt: string;
}

export interface TaskRecord {
  /** As it came, with the newest credentials. */
  task: AcsTask;
  clusterArn: string;
  seqNum: number;
  receivedAt: string;
  desired: 'RUNNING' | 'STOPPED';
  containers: Record<string, ContainerRecord>;
  /** By container in bridge mode, where each has a network of its own; else one, named `task`. */
  sandboxes: Record<string, SandboxRecord>;
  pullStartedAt?: string;
  pullStoppedAt?: string;
  executionStoppedAt?: string;
  /** Why it never ran: `CannotPullContainerError: …` */
  reason?: string;
  /** Everything ended, logs are shipped, the network is free. */
  stoppedAt?: string;
  /** What the control plane took note of. */
  submitted: { task?: 'RUNNING' | 'STOPPED'; containers: Record<string, 'RUNNING' | 'STOPPED'> };
}

export type ContainerPhase = 'PENDING' | 'PULLED' | 'CREATED' | 'RUNNING' | 'STOPPED';

export interface ContainerRecord {
  phase: ContainerPhase;
  /** Names it in the metadata endpoint's paths. */
  metadataId: string;
  /** Counts starts under a restart policy. */
  attempt: number;
  containerId?: string;
  image?: { id: string; digest?: string };
  exitCode?: number;
  reason?: string;
  createdAt?: string;
  startedAt?: string;
  finishedAt?: string;
  health?: { status: 'UNKNOWN' | 'HEALTHY' | 'UNHEALTHY'; since: string; exitCode?: number; output?: string };
  /** How much of its log was shipped. */
  log?: LogPosition;
}

export interface LogPosition {
  attempt: number;
  /** Bytes of the runtime's log file. */
  offset: number;
}

export interface SandboxRecord {
  attempt: number;
  id?: string;
  address?: string;
  netns?: string;
  bindings: PortBinding[];
  /** Nothing of it is left but the runtime's record. */
  stopped?: boolean;
}

export interface PortBinding {
  container: string;
  containerPort: number;
  hostPort: number;
  protocol: 'tcp' | 'udp';
}

export interface StateStore {
  state: AgentState;
  /** Resolves once all that is in `state` now is on disk. */
  save(): Promise<void>;
}

export async function openState(dataDir: string): Promise<StateStore> {
  await mkdir(dataDir, { recursive: true, mode: 0o700 });
  const file = join(dataDir, 'agent.json');
  const state = await load(file);
  let writing: Promise<void> = Promise.resolve();
  let next: Promise<void> | undefined;
  return {
    state,
    // One write at a time; whoever comes while one is on its way shares the one after it.
    save() {
      next ??= writing
        .catch(() => {})
        .then(() => {
          next = undefined;
          writing = write(file, JSON.stringify(state));
          return writing;
        });
      return next;
    },
  };
}

async function load(file: string): Promise<AgentState> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as AgentState;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    return { version: 1, seqNum: 0, tasks: {}, attachments: {} };
  }
}

/** Whole or not at all: written beside, synced, renamed over. */
async function write(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`;
  const handle = await open(temporary, 'w', 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await chmod(temporary, 0o600);
  await rename(temporary, file);
}
