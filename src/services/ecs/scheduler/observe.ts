import type { Env, Scope } from '../../../control/service.ts';
import { targetHealth, type TargetHealth } from '../../elasticloadbalancing/index.ts';
import { refusal } from '../placement/place.ts';
import { demandOf } from '../placement/resources.ts';
import type { Service, Task, TaskDefinition } from '../records.ts';
import { healthOf, isProtected } from '../tasks/state.ts';
import { candidatesIn, type World } from '../world.ts';
import type { ScheduledTask } from './situation.ts';

/** A task without health checks must have run this long to count as a success; one that dies sooner than SOON failed to start. */
const PROVEN_MS = 15_000;
const SOON_MS = 60_000;

/** Health of targets, by group and `id:port`. */
export type Healths = Map<string, Map<string, TargetHealth>>;

export async function readHealths(env: Env, scope: Scope, tasks: Task[]): Promise<Healths> {
  const groups = new Set(tasks.flatMap((task) => task.targets.map((target) => target.targetGroupArn)));
  return new Map(await Promise.all([...groups].map(async (arn): Promise<[string, Map<string, TargetHealth>]> => {
    const found = await targetHealth(env, scope, arn).catch((error: { code?: string }) => {
      if (error.code === 'TargetGroupNotFound') return [];
      throw error;
    });
    return [arn, new Map(found.map((health) => [`${health.target.id}:${health.target.port}`, health]))];
  })));
}

/** The service's tasks as its scheduler sees them. */
export function observe(service: Service, tasks: Task[], world: Pick<World, 'instances'>, healths: Healths, now: Date): ScheduledTask[] {
  const active = new Set(world.instances.filter((entry) => entry.value.status === 'ACTIVE').map((entry) => entry.value.id));
  return tasks.map((task) => {
    const wanted = task.desiredStatus === 'RUNNING';
    const ran = task.startedAt ? now.getTime() - Date.parse(task.startedAt) : 0;
    const targets = targetsState(task, healths);
    const checked = task.loadBalancers.length > 0 || task.containers.some((container) => container.healthStatus);
    const ready = wanted && task.lastStatus === 'RUNNING' && targets.every(({ ok }) => ok) && containersReady(task);
    const ailment = wanted && task.lastStatus === 'RUNNING' && ran > (service.healthCheckGracePeriodSeconds ?? 0) * 1000 ? ailmentOf(task, targets) : undefined;
    return {
      id: task.id, deployment: task.startedBy ?? '', status: task.lastStatus, wanted, ready, proven: ready && (checked || ran >= PROVEN_MS), ...(ailment && { ailment }),
      instance: task.containerInstance ?? '', zone: task.availabilityZone ?? '', displaced: task.launchType === 'EC2' && task.containerInstance !== undefined && !active.has(task.containerInstance), protected: isProtected(task, now),
      createdAt: task.createdAt, failure: isFailure(task), unaccounted: task.lastStatus === 'STOPPED' && !task.accounted,
    };
  });
}

/** The instant at which a task that is ready now becomes proven, for the scheduler to look again. */
export function provenInMs(task: Task, now: Date): number | undefined {
  if (task.lastStatus !== 'RUNNING' || !task.startedAt) return undefined;
  const left = PROVEN_MS - (now.getTime() - Date.parse(task.startedAt));
  return left > 0 ? left : undefined;
}

function targetsState(task: Task, healths: Healths): { targetGroupArn: string; ok: boolean; health: TargetHealth | undefined }[] {
  return task.targets.map(({ targetGroupArn, id, port }) => {
    const health = healths.get(targetGroupArn)?.get(`${id}:${port}`);
    // A group that no listener forwards to checks nothing.
    return { targetGroupArn, health, ok: health?.state === 'healthy' || (health?.state === 'unused' && health.reason === 'Target.NotInUse') };
  });
}

const containersReady = (task: Task) => !task.containers.some((container) => container.healthStatus) || healthOf(task) === 'HEALTHY';

function ailmentOf(task: Task, targets: ReturnType<typeof targetsState>): string | undefined {
  if (healthOf(task) === 'UNHEALTHY') return 'Task failed container health checks';
  const sick = targets.find(({ health }) => health?.state === 'unhealthy');
  return sick && `Task failed ELB health checks in (target-group ${sick.targetGroupArn})`;
}

/** Its deployment is to blame: it never ran, ended soon by itself, or failed its health checks. */
function isFailure(task: Task): boolean {
  if (task.stopCode === 'TaskFailedToStart') return true;
  if (task.stopCode === 'ServiceSchedulerInitiated') return task.stoppedReason?.startsWith('Task failed') ?? false;
  if (task.stopCode !== 'EssentialContainerExited') return false;
  return !task.startedAt || Date.parse(task.stoppedAt ?? task.startedAt) - Date.parse(task.startedAt) < SOON_MS;
}

/** Instances that a DAEMON service is to have a task on: resources do not matter here, they are asked when it is placed. */
export function daemonInstances(service: Service, definition: TaskDefinition, world: World): string[] {
  const refuses = refusal({
    group: '', demand: { ...demandOf(definition), cpu: 0, memory: 0, tcp: [], udp: [] }, requiresAttributes: definition.requiresAttributes, awsvpc: false,
    constraints: [...definition.placementConstraints, ...service.placementConstraints],
  });
  // One whose agent is away for a moment keeps its task.
  return candidatesIn(world).filter((candidate) => refuses({ ...candidate, connected: true, tasks: [] }) === undefined).map(({ instance }) => instance.id);
}
