import type { DesiredChange, DesiredKind, DesiredMessage } from '../../wire/host.ts';
import type { Desired } from '../part.ts';
import { keptFile, readJson } from '../kept-file.ts';

/**
 * What is wished of this machine: kept on disk too, so that the agent works on (and starts) while the control plane is away.
 */
export interface Wishes {
  /** Undefined until the control plane was heard once in this machine's life. */
  current(): Desired | undefined;
  /** Takes a message in; true if it changed anything. */
  take(message: DesiredMessage): boolean;
  /** Settles once what was taken in is on disk. */
  saved(): Promise<void>;
}

const kinds: readonly DesiredKind[] = ['network', 'interface', 'securityGroup', 'instance', 'balancer', 'volume', 'snapshot', 'name'];

export async function openWishes(path: string, onError: (error: unknown) => void): Promise<Wishes> {
  const before = await readJson<DesiredChange[]>(path);
  const file = keptFile(path, onError);
  let current = before && apply(undefined, before);
  return {
    current: () => current,
    take(message) {
      if ('changes' in message && message.changes.length === 0) return false;
      current = 'snapshot' in message ? apply(undefined, message.snapshot) : apply(current, message.changes);
      file.write(changesOf(current));
      return true;
    },
    saved: () => file.settled(),
  };
}

/** A new copy, so that a pass works on one state of things from its beginning to its end. */
export function apply(before: Desired | undefined, changes: readonly DesiredChange[]): Desired {
  const next = Object.fromEntries(kinds.map((kind) => [kind, new Map<string, unknown>(before?.[kind])])) as Record<DesiredKind, Map<string, unknown>>;
  for (const { kind, id, value } of changes) {
    // A kind of a newer control plane's.
    if (!(kind in next)) continue;
    if (value === null) next[kind].delete(id);
    else next[kind].set(id, value);
  }
  return next as Desired;
}

const changesOf = (desired: Desired): DesiredChange[] =>
  kinds.flatMap((kind) => [...desired[kind]].map(([id, value]) => ({ kind, id, value }) as DesiredChange));
