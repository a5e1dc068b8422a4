import type { AcsContainer } from '../../wire/acs.ts';
import type { ContainerRecord, TaskRecord } from '../state.ts';

/**
 * The next steps of a task, from what is wished and what was seen: pure, so that each rule can be tested. Steps of different
 * containers may be taken at the same time; taking one twice does no harm.
 */
export type Step =
  | { do: 'pull'; container: string }
  | { do: 'start'; container: string }
  | { do: 'stop'; container: string }
  /** It never started and never will. */
  | { do: 'abandon'; container: string; reason?: string }
  /** All containers stopped: ship logs, free the network. */
  | { do: 'finish' };

/** `nextAt` (epoch ms): when a start timeout of a dependency runs out, though nothing else happens. */
export function decide(record: TaskRecord, now: number): { steps: Step[]; nextAt?: number } {
  if (record.stoppedAt) return { steps: [] };
  const containers = record.task.containers;
  const phase = (name: string) => record.containers[name]!.phase;
  if (containers.every(({ name }) => phase(name) === 'STOPPED')) return { steps: [{ do: 'finish' }] };
  if (wishedStopped(record)) return { steps: containers.flatMap((container) => stopStep(record, container)) };
  const steps: Step[] = [];
  const deadlines: number[] = [];
  for (const container of containers) {
    const { name } = container;
    if (phase(name) === 'RUNNING' || phase(name) === 'STOPPED') continue;
    const blocks = dependencies(container).map((dependency) => judge(record, container, dependency, now));
    const hopeless = blocks.find((block) => block.verdict === 'never');
    deadlines.push(...blocks.flatMap(({ deadline }) => deadline ?? []));
    if (hopeless) steps.push({ do: 'abandon', container: name, reason: hopeless.reason });
    else if (phase(name) === 'PENDING') steps.push({ do: 'pull', container: name });
    else if (blocks.every(({ verdict }) => verdict === 'met')) steps.push({ do: 'start', container: name });
  }
  return deadlines.length ? { steps, nextAt: Math.min(...deadlines) } : { steps };
}

/** A task stops when it is told to, and when an essential container has stopped. */
export function wishedStopped(record: TaskRecord): boolean {
  return record.desired === 'STOPPED' || record.task.containers.some(({ name, essential }) => essential && record.containers[name]!.phase === 'STOPPED');
}

function stopStep(record: TaskRecord, { name }: AcsContainer): Step[] {
  const { phase } = record.containers[name]!;
  if (phase === 'STOPPED') return [];
  if (phase !== 'RUNNING') return [{ do: 'abandon', container: name }];
  const needed = record.task.containers.some((other) => record.containers[other.name]!.phase === 'RUNNING' && dependencies(other).some((d) => d.on === name));
  return needed ? [] : [{ do: 'stop', container: name }];
}

interface Dependency {
  on: string;
  condition: 'START' | 'HEALTHY' | 'COMPLETE' | 'SUCCESS';
}

/** Those of `dependsOn`, and those that links and volumesFrom imply. */
export function dependencies(container: AcsContainer): Dependency[] {
  const links = (container.links ?? []).map((link) => link.split(':')[0]!);
  const volumes = (container.volumesFrom ?? []).map(({ sourceContainer }) => sourceContainer);
  return [
    ...(container.dependsOn ?? []).map(({ containerName, condition }) => ({ on: containerName, condition })),
    ...[...links, ...volumes].map((on) => ({ on, condition: 'START' as const })),
  ];
}

interface Verdict {
  verdict: 'met' | 'not yet' | 'never';
  reason?: string;
  deadline?: number;
}

function judge(record: TaskRecord, target: AcsContainer, { on, condition }: Dependency, now: number): Verdict {
  const other = record.containers[on];
  const definition = record.task.containers.find(({ name }) => name === on);
  if (!other || !definition) return never(`container ordering dependency [${on}] for target [${target.name}] does not exist.`);
  if (met(other, condition)) return { verdict: 'met' };
  if (other.phase === 'STOPPED') {
    return never(
      condition === 'SUCCESS' && other.exitCode !== undefined
        ? `failed to resolve container ordering dependency [${on}] for target [${target.name}] as dependency did not exit successfully.`
        : `failed to resolve container ordering dependency [${on}] for target [${target.name}] because dependency will never start`,
    );
  }
  if (!definition.startTimeout || !other.startedAt) return { verdict: 'not yet' };
  const deadline = Date.parse(other.startedAt) + definition.startTimeout * 1000;
  if (now >= deadline) return never(`container ordering dependency [${on}] for target [${target.name}] has timed out.`);
  return { verdict: 'not yet', deadline };
}

function met(other: ContainerRecord, condition: Dependency['condition']): boolean {
  switch (condition) {
    case 'START':
      return other.phase === 'RUNNING' || (other.phase === 'STOPPED' && other.startedAt !== undefined);
    case 'HEALTHY':
      return other.phase === 'RUNNING' && other.health?.status === 'HEALTHY';
    case 'COMPLETE':
      return other.phase === 'STOPPED' && other.exitCode !== undefined;
    case 'SUCCESS':
      return other.phase === 'STOPPED' && other.exitCode === 0;
  }
}

const never = (text: string): Verdict => ({ verdict: 'never', reason: `dependency graph: ${text}` });

/** Whether a container that ended is to be started again (a task definition's restartPolicy). */
export function restarts(container: AcsContainer, { startedAt, finishedAt, exitCode }: { startedAt: number; finishedAt: number; exitCode: number }): boolean {
  const policy = container.restartPolicy;
  if (!policy?.enabled || policy.ignoredExitCodes?.includes(exitCode)) return false;
  return finishedAt - startedAt >= (policy.restartAttemptPeriod ?? 300) * 1000;
}

/** The status that the control plane is told: a task runs once each of its containers has started (or ended, if it may). */
export function knownStatus(record: TaskRecord): 'PENDING' | 'RUNNING' | 'STOPPED' {
  if (record.stoppedAt) return 'STOPPED';
  const started = record.task.containers.every(({ name }) => {
    const { phase, startedAt } = record.containers[name]!;
    return phase === 'RUNNING' || (phase === 'STOPPED' && startedAt !== undefined);
  });
  return started && !record.task.containers.every(({ name }) => record.containers[name]!.phase === 'STOPPED') ? 'RUNNING' : 'PENDING';
}
