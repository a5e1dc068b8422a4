import type { Env, Scope } from '../../control/service.ts';
import type { Instance } from './records.ts';

export interface Transition {
  before: Instance;
  after: Instance;
}

/**
 * Wishes instances away; `shutting-down` at once, `terminated` once the host says that nothing is left. Those already going are left
 * as they are; those that are gone are left out. Ignores DisableApiTermination, as Auto Scaling does; the operation checks it.
 */
export async function terminateInstances(env: Env, scope: Scope, instanceIds: string[], reason = { code: 'Client.UserInitiatedShutdown', message: 'Client.UserInitiatedShutdown: User initiated shutdown' }): Promise<Transition[]> {
  void [env, scope, reason];
  throw new Error(`not there yet: ${instanceIds.join()}`);
}
