import type { Env } from '../../control/service.ts';
import type { InstanceCredentials } from '../../wire/host.ts';
import { instanceCredentials } from '../iam/index.ts';
import { instanceById } from './lookups.ts';
import { scopeOf } from './scope.ts';

/** What the metadata service of an instance answers for its role; undefined where it has no (usable) instance profile. */
export async function credentialsForInstance(env: Env, instanceId: string): Promise<InstanceCredentials | undefined> {
  const scope = scopeOf(env);
  const instance = await instanceById(env, scope, instanceId);
  if (!instance?.instanceProfile || instance.state === 'terminated') return undefined;
  return instanceCredentials(env, scope, instance.instanceProfile.arn, instanceId);
}
