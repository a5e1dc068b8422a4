import type { PlacementStrategy } from '@aws-sdk/client-ecs';
import { subjectsOf, type Candidate } from './candidate.ts';
import { remaining } from './resources.ts';

/** Each strategy keeps the best of what the one before it left; chance decides among equals. */
export function choose(fit: Candidate[], wish: { group: string; strategy: PlacementStrategy[] }, random: () => number): Candidate | undefined {
  const best = wish.strategy.reduce((left, strategy) => keep(left, strategy, wish.group, fit), fit);
  return best[Math.min(best.length - 1, Math.floor(random() * best.length))];
}

function keep(left: Candidate[], { type, field }: PlacementStrategy, group: string, all: Candidate[]): Candidate[] {
  if (type === 'spread') return spread(left, fieldOf(field), group, all);
  if (type !== 'binpack') return left;
  const resource = field?.toLowerCase() === 'memory' ? 'memory' : 'cpu';
  return least(left, ({ instance, tasks }) => remaining(instance, tasks.map((task) => task.demand))[resource]);
}

/** `host` is another word for `instanceId`; `attribute:` may be left out. */
function fieldOf(field: string | undefined): string {
  const lower = field?.toLowerCase();
  if (!field || lower === 'instanceid' || lower === 'host') return 'instanceId';
  return field.startsWith('attribute:') ? field : `attribute:${field}`;
}

/** Those whose value of the field (zone, say) has the fewest tasks of the same group. */
function spread(left: Candidate[], field: string, group: string, all: Candidate[]): Candidate[] {
  const valueOf = (candidate: Candidate) => (field === 'instanceId' ? candidate.instance.id : subjectsOf(candidate)(field).join());
  const counts = new Map<string, number>();
  for (const candidate of all) {
    const value = valueOf(candidate);
    counts.set(value, (counts.get(value) ?? 0) + candidate.tasks.filter((task) => task.group === group).length);
  }
  return least(left, (candidate) => counts.get(valueOf(candidate)) ?? 0);
}

function least<T>(items: T[], measure: (item: T) => number): T[] {
  const lowest = Math.min(...items.map(measure));
  return items.filter((item) => measure(item) === lowest);
}
