import type { Env, Scope } from '../../control/service.ts';
import type { HostRecord } from '../../control/hosts.ts';

/** The living host with the most free memory, of those that stand for the zone (any zone if none is given). */
export async function chooseHost(env: Env, scope: Scope, zone?: string): Promise<HostRecord | undefined> {
  void [env, scope, zone];
  throw new Error('not there yet');
}
