import { omit } from '../../control/omit.ts';
import type { Env, Scope } from '../../control/service.ts';
import * as causes from './causes.ts';
import { aboveMax, belowMin } from './errors.ts';
import { findGroup } from './find.ts';
import { groups } from './records.ts';
import type { Group } from './records.ts';

/**
 * Wishes another number of instances; scaling begins at once, cooldowns are not waited for. Errors: ValidationError where there is no
 * such group or the number is out of its bounds.
 */
export async function setDesiredCapacity(env: Env, scope: Scope, nameOrArn: string, desired: number): Promise<Group | undefined> {
  const { key } = await findGroup(env, scope, nameOrArn);
  return groups.update(env.store, key, (group) => {
    if (desired > group.maxSize) throw aboveMax(desired, group.maxSize);
    if (desired < group.minSize) throw belowMin(desired, group.minSize);
    if (desired === group.desiredCapacity) return undefined;
    // A new wish is tried at once, whatever failed before.
    return { ...omit(group, 'backoff'), desiredCapacity: desired, causes: [...group.causes, causes.desiredSet(env.now(), group.desiredCapacity, desired)] };
  });
}
