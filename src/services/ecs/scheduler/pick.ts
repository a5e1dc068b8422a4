import type { ScheduledTask } from './situation.ts';

/**
 * Which tasks to stop first: those that are not ready; then in the zone, then on the instance, that has the most of them; then the newest.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service_definition_parameters.html (scaling in)
 */
export function pickToStop(candidates: ScheduledTask[], count: number): ScheduledTask[] {
  const left = candidates.filter((task) => !task.protected);
  const staying = candidates.filter((task) => task.protected);
  const picked: ScheduledTask[] = [];
  while (picked.length < count && left.length) {
    const tally = (of: (task: ScheduledTask) => string) => {
      const counts = new Map<string, number>();
      for (const task of [...left, ...staying]) counts.set(of(task), (counts.get(of(task)) ?? 0) + 1);
      return (task: ScheduledTask) => counts.get(of(task)) ?? 0;
    };
    const inZone = tally((task) => task.zone);
    const onInstance = tally((task) => task.instance);
    left.sort((a, b) => Number(a.ready) - Number(b.ready) || inZone(b) - inZone(a) || onInstance(b) - onInstance(a) || b.createdAt.localeCompare(a.createdAt));
    picked.push(...left.splice(0, 1));
  }
  return picked;
}
