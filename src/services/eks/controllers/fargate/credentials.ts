import type { Env } from '../../../../control/service.ts';
import type { InstanceCredentials } from '../../../../wire/host.ts';
import { machineCredentials } from '../../../iam/index.ts';
import { nodeNameOf } from './node-config.ts';
import { sandboxes } from './records.ts';

/** Of a sandbox's pod execution role, in a session named as its node, by which the authenticator knows it; undefined where there is no such sandbox. */
export async function credentialsForSandbox(env: Env, instanceId: string): Promise<InstanceCredentials | undefined> {
  const found = (await sandboxes.all(env.store)).find(({ value }) => value.id === instanceId);
  if (!found?.value.network || found.value.retired) return undefined;
  const { account, region } = sandboxes.parse(found.key);
  const sessionName = nodeNameOf(region, found.value.network.address);
  return machineCredentials(env, { account, region }, { roleName: found.value.roleArn, instanceId, sessionName, service: 'eks-fargate-pods.amazonaws.com' });
}
