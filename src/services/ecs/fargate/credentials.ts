import type { Env } from '../../../control/service.ts';
import type { InstanceCredentials } from '../../../wire/host.ts';
import { serviceMachineCredentials } from '../../iam/index.ts';
import { clusterArn, containerInstanceArn } from '../arns.ts';
import { fargateMachines } from '../records.ts';

const IN_CLUSTER = ['RegisterContainerInstance', 'SubmitTaskStateChange', 'SubmitContainerStateChange', 'SubmitAttachmentStateChanges'];

/** For the agent on a machine of Fargate: what an agent does for its own container instance. Undefined where there is no such machine. */
export async function credentialsForFargate(env: Env, instanceId: string): Promise<InstanceCredentials | undefined> {
  const found = (await fargateMachines.all(env.store)).find(({ value }) => value.id === instanceId);
  if (!found) return undefined;
  const { names: [cluster = '', id = ''], ...scope } = fargateMachines.parse(found.key);
  const allow = (actions: string[], resource: string) => ({ Effect: 'Allow', Action: actions.map((name) => `ecs:${name}`), Resource: resource });
  const policy = {
    Version: '2012-10-17',
    Statement: [
      allow(IN_CLUSTER, clusterArn(scope, cluster)), allow(['Poll', 'StartTelemetrySession'], containerInstanceArn(scope, { cluster, id })), allow(['DiscoverPollEndpoint'], '*'),
    ],
  };
  return serviceMachineCredentials(env, scope, { service: 'ecs.amazonaws.com', instanceId, policy: JSON.stringify(policy) });
}
