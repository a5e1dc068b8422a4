import type { ObservedInstance } from '../../../wire/host.ts';
import { terminating } from '../power.ts';
import type { Reason } from '../power.ts';
import type { Instance } from '../records.ts';

/** The instance after what its host saw of it; undefined where that changes nothing. Pure. */
export function afterObservation(instance: Instance, seen: ObservedInstance | undefined, now: Date): Instance | undefined {
  // What an earlier start did says nothing about this one.
  if (!seen || seen.generation < instance.generation) return undefined;
  switch (instance.state) {
    case 'pending':
    case 'running':
      if (seen.state === 'running') return instance.state === 'running' ? undefined : { ...instance, state: 'running' };
      return seen.state === 'stopped' ? died(instance, reasonOf(seen), now) : undefined;
    case 'stopping':
      return seen.state === 'stopped' ? { ...instance, state: 'stopped' } : undefined;
    case 'stopped':
    case 'shutting-down':
    case 'terminated':
      return undefined;
  }
}

/** Its init ended though nobody asked for it. One that never ran is terminated, as AWS does with a launch that failed. */
function died(instance: Instance, reason: Reason, now: Date): Instance | undefined {
  const failedLaunch = instance.state === 'pending' && instance.generation === 1;
  if (failedLaunch || instance.shutdownBehavior === 'terminate') return terminating(instance, now, reason);
  return { ...instance, state: 'stopped', stateReason: reason, stateTransitionReason: '' };
}

function reasonOf({ reason }: ObservedInstance): Reason {
  const message = reason ?? 'Server.InternalError: Internal error on launch';
  const code = /^((?:Client|Server)\.\w+)/.exec(message)?.[1] ?? 'Server.InternalError';
  return { code, message: message.startsWith(code) ? message : `${code}: ${message}` };
}
