import type * as Sdk from '@aws-sdk/client-eks';
import { invalidParameter } from '../errors.ts';
import type { LogType } from '../records.ts';
import { LOG_TYPES } from '../shapes.ts';

/** The kinds of log that are on, after what the call turns on and off. */
export function loggingOf(given: Sdk.Logging | undefined, current: readonly LogType[]): LogType[] {
  const on = new Set(current);
  for (const { types = [], enabled = false } of given?.clusterLogging ?? []) {
    for (const type of types) {
      const known = LOG_TYPES.find((one) => one === type);
      if (!known) throw invalidParameter(`Invalid cluster logging type: ${type}`);
      if (enabled) on.add(known);
      else on.delete(known);
    }
  }
  return LOG_TYPES.filter((type) => on.has(type));
}
