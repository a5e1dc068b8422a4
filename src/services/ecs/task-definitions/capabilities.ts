import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import type { TaskDefinition } from '../records.ts';

/**
 * What an agent must be able to do for a task, as attributes that it registers with:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html#attributes
 */
const ECS = 'ecs.capability.';
const COM = 'com.amazonaws.ecs.capability.';

type Needs = Pick<TaskDefinition, 'containerDefinitions' | 'networkMode' | 'taskRoleArn' | 'executionRoleArn' | 'pidMode' | 'ipcMode' | 'cpu' | 'memory' | 'volumes'>;

export function requiredAttributes(needs: Needs): string[] {
  const { executionRoleArn, networkMode } = needs;
  const found = new Set<string>();
  const need = (when: unknown, name: string) => void (when && found.add(name));
  need(needs.taskRoleArn, `${COM}task-iam-role`);
  need(needs.taskRoleArn && networkMode === 'host', `${COM}task-iam-role-network-host`);
  need(networkMode === 'awsvpc', `${ECS}task-eni`);
  need(needs.pidMode ?? needs.ipcMode, `${ECS}pid-ipc-namespace-sharing`);
  need(needs.cpu ?? needs.memory, `${ECS}task-cpu-mem-limit`);
  need(needs.volumes.some((volume) => volume.efsVolumeConfiguration), `${ECS}efs`);
  for (const container of needs.containerDefinitions) ofContainer(container, executionRoleArn, need);
  return [...found].sort();
}

function ofContainer(container: ContainerDefinition, executionRoleArn: string | undefined, need: (when: unknown, name: string) => void): void {
  const driver: string | undefined = container.logConfiguration?.logDriver;
  const ecr = /\.dkr\.ecr\./.test(container.image ?? '');
  const secrets = container.secrets ?? [];
  const isAsm = (valueFrom: string | undefined) => valueFrom?.startsWith('arn:') && valueFrom.split(':')[2] === 'secretsmanager';
  need(container.privileged, `${COM}privileged-container`);
  need(driver && driver !== 'none', `${COM}logging-driver.${driver}`);
  need(driver === 'awslogs' && executionRoleArn, `${ECS}execution-role-awslogs`);
  need(ecr, `${COM}ecr-auth`);
  need(ecr && executionRoleArn, `${ECS}execution-role-ecr-pull`);
  need(container.healthCheck, `${ECS}container-health-check`);
  need(container.dependsOn?.length, `${ECS}container-ordering`);
  need(container.restartPolicy?.enabled, `${ECS}container-restart-policy`);
  need(container.repositoryCredentials, `${ECS}private-registry-authentication.secretsmanager`);
  need(secrets.some((secret) => isAsm(secret.valueFrom)), `${ECS}secrets.asm.environment-variables`);
  need(secrets.some((secret) => !isAsm(secret.valueFrom)), `${ECS}secrets.ssm.environment-variables`);
}
