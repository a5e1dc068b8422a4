import type { Env } from '../../control/service.ts';
import type { InstanceCredentials } from '../../wire/host.ts';

/** What the metadata service of an instance answers for its role; undefined where it has no (usable) instance profile. */
export async function credentialsForInstance(env: Env, instanceId: string): Promise<InstanceCredentials | undefined> {
  void env;
  throw new Error(`not there yet: ${instanceId}`);
}
