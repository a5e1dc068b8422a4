import * as sdk from '@aws-sdk/client-ecs';
import type { Env, Service } from '../../control/service.ts';
import constraints from './constraints.json' with { type: 'json' };
import { makeHub, type Sessions } from './acs/hub.ts';
import { makeAcs } from './acs/surface.ts';
import { makeTelemetry } from './acs/telemetry.ts';
import { capacityController } from './controllers/capacity.ts';
import { fargateController } from './controllers/fargate.ts';
import { instanceController } from './controllers/instances.ts';
import { serviceController } from './controllers/services.ts';
import { taskDefinitionController } from './controllers/task-definitions.ts';
import { taskController } from './controllers/tasks.ts';
import { waitingController } from './controllers/waiting.ts';
import { invalidInput } from './errors.ts';
import { missing, operations } from './operations.ts';
import { agents } from './records.ts';

/** For the machines of tasks on Fargate. */
export { credentialsForFargate } from './fargate/credentials.ts';

/** The connections of agents that this process holds. */
const sessions: Sessions = new Map();

/**
 * Amazon Elastic Container Service, after https://docs.aws.amazon.com/AmazonECS/latest/APIReference/.
 *
 * Faithful to: clusters, task definitions, tasks and services on EC2 instances and on Fargate (REPLICA, on instances DAEMON; rolling deployments with circuit
 * breaker; deployments and revisions as resources), placement, container instances, attributes, capacity providers with managed scaling and termination protection, tags, account settings, task
 * protection, and the agent's protocols (ACS, and TCS for health), so that an agent could be AWS's own.
 * Missing: managed instances, managed draining, blue/green and external deployments, task sets, Service Connect, service discovery, volumes configured at launch, ECS Exec, daemons and
 * gateways as resources of their own. Each answers an error that says so.
 * By design: a task on Fargate runs on a hidden machine, whose agent uses an address of the task's subnet beside the task's own; FARGATE_SPOT is FARGATE that is
 * never interrupted; ephemeral storage is told of and not limited; there is one platform version, 1.4.0, and the architecture is the host's.
 * An agent that stays away does not end its tasks; only its machine's end does. What was STOPPED or INACTIVE is kept an hour.
 */
export const ecs: Service = {
  name: 'ecs',
  protocol: { name: 'awsJson1_1', targetPrefix: 'AmazonEC2ContainerServiceV20141113' },
  sdk,
  operations,
  missing,
  constraints,
  invalid: invalidInput,
  controllers: [serviceController, taskController, fargateController, waitingController, capacityController, instanceController, taskDefinitionController, makeHub(sessions)],
  surfaces: [makeAcs(sessions), makeTelemetry()],
  seed: forgetConnections,
};

/** Those of a process that died: agents connect anew within seconds. A connection that another process holds is noted again by it. */
async function forgetConnections({ store }: Env): Promise<void> {
  const found = await agents.all(store);
  if (found.length) await store.commit(found.map((entry) => ({ delete: entry.key })));
}
