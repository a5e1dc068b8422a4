import { nothing, remaining, shortOf } from './placement/resources.ts';
import type { Resources } from './records.ts';

/** How long fewer instances must be enough until some go: AWS's alarm looks at fifteen minutes. */
const LOW_MS = 15 * 60_000;

export interface CapacitySituation {
  /** Percent of the group that is to be in use. */
  targetCapacity: number;
  minimumScalingStepSize: number;
  maximumScalingStepSize: number;
  desired: number;
  min: number;
  max: number;
  /** Instances with tasks. */
  busy: number;
  /** What each task demands that found no room. */
  waiting: Resources[];
  /** What a new instance offers; undefined: none has told. */
  room: Resources | undefined;
  /** The group is as large as it was last wished. */
  settled: boolean;
  /** Milliseconds of the epoch. */
  now: number;
  lowSince: number | undefined;
}

/**
 * The capacity that a provider's group is to have. Pure. Needed are the instances with tasks and as many new ones as hold those that
 * wait; the group is that divided by the target. It grows at once, by the least step at least and the most at most, and shrinks once
 * that was enough for fifteen minutes.
 */
export function nextCapacity(situation: CapacitySituation): { capacity: number; lowSince: number | undefined; againInMs?: number } {
  const { targetCapacity, minimumScalingStepSize: least, maximumScalingStepSize: most, desired, min, max, busy, waiting, room, settled, now, lowSince } = situation;
  const needed = Math.ceil(((busy + instancesFor(waiting, room)) * 100) / targetCapacity);
  const bounded = Math.min(max, Math.max(min, needed));
  if (needed > desired) {
    // The last step must have been taken before the next is judged: until then what is on its way is not seen.
    const grown = settled ? Math.min(max, desired + Math.min(most, Math.max(least, needed - desired))) : desired;
    return { capacity: Math.max(desired, grown), lowSince: undefined };
  }
  if (bounded >= desired || waiting.length) return { capacity: desired, lowSince: undefined };
  const since = lowSince ?? now;
  const left = since + LOW_MS - now;
  return left > 0 ? { capacity: desired, lowSince: since, againInMs: left } : { capacity: Math.max(bounded, desired - most), lowSince: undefined };
}

/** First fit. A task that is larger than any instance asks for none. */
function instancesFor(waiting: Resources[], room: Resources | undefined): number {
  if (!room) return waiting.length ? 1 : 0;
  const instances: Resources[][] = [];
  for (const demand of waiting) {
    if (shortOf(remaining({ registered: room }, [nothing]), demand)) continue;
    const fit = instances.find((taken) => !shortOf(remaining({ registered: room }, taken), demand));
    if (fit) fit.push(demand);
    else instances.push([demand]);
  }
  return instances.length;
}
