import type { ContainerDefinition } from '@aws-sdk/client-ecs';
import type { TaskDefinition } from '../records.ts';

/**
 * What an agent must be able to do for a task, as attributes that it registers with:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-placement-constraints.html#attributes
 */
const ECS = 'ecs.capability.';
const COM = 'com.amazonaws.ecs.capability.';

type Needs = Pick<TaskDefinition,
  'containerDefinitions' | 'networkMode' | 'taskRoleArn' | 'executionRoleArn' | 'pidMode' | 'ipcMode' | 'cpu' | 'memory' | 'volumes' | 'proxyConfiguration'>;
type Need = (when: unknown, name: string) => void;

export function requiredAttributes(needs: Needs): string[] {
  const { executionRoleArn, networkMode } = needs;
  const found = new Set<string>();
  const need: Need = (when, name) => void (when && found.add(name));
  need(needs.taskRoleArn, `${COM}task-iam-role`);
  need(needs.taskRoleArn && networkMode === 'host', `${COM}task-iam-role-network-host`);
  need(networkMode === 'awsvpc', `${ECS}task-eni`);
  need(needs.pidMode ?? needs.ipcMode, `${ECS}pid-ipc-namespace-sharing`);
  need(needs.cpu ?? needs.memory, `${ECS}task-cpu-mem-limit`);
  need(needs.proxyConfiguration, `${ECS}aws-appmesh`);
  for (const volume of needs.volumes) {
    need(volume.efsVolumeConfiguration, `${ECS}efs`);
    need(volume.fsxWindowsFileServerVolumeConfiguration, `${ECS}fsxWindowsFileServer`);
    need(volume.configuredAtLaunch, `${ECS}storage.ebs-task-volume-attach`);
    need(volume.dockerVolumeConfiguration, `${ECS}docker-plugin.${volume.dockerVolumeConfiguration?.driver ?? 'local'}`);
  }
  for (const container of needs.containerDefinitions) {
    ofContainer(container, executionRoleArn, need);
    ofSecrets(container, need);
    need(networkMode !== 'awsvpc' && container.portMappings?.some((mapping) => mapping.containerPortRange), `${ECS}container-port-range`);
  }
  return [...found].sort();
}

function ofContainer(container: ContainerDefinition, executionRoleArn: string | undefined, need: Need): void {
  const driver: string | undefined = container.logConfiguration?.logDriver;
  const ecr = /\.dkr\.ecr\./.test(container.image ?? '');
  const { options: firelens, type: router } = container.firelensConfiguration ?? {};
  const security = container.dockerSecurityOptions ?? [];
  need(container.privileged, `${COM}privileged-container`);
  need(driver && driver !== 'none', `${COM}logging-driver.${driver}`);
  need(driver === 'awslogs' && executionRoleArn, `${ECS}execution-role-awslogs`);
  need(ecr, `${COM}ecr-auth`);
  need(ecr && executionRoleArn, `${ECS}execution-role-ecr-pull`);
  need(container.healthCheck, `${ECS}container-health-check`);
  need(container.dependsOn?.length, `${ECS}container-ordering`);
  need(container.restartPolicy?.enabled, `${ECS}container-restart-policy`);
  need(container.repositoryCredentials, `${ECS}private-registry-authentication.secretsmanager`);
  need(container.environmentFiles?.length, `${ECS}env-files.s3`);
  need(router, `${ECS}firelens.${router}`);
  need(firelens?.['config-file-type'], `${ECS}firelens.options.config.${firelens?.['config-file-type']}`);
  need(security.some((option) => option.startsWith('label:')), `${COM}selinux`);
  need(security.some((option) => option.startsWith('apparmor:')), `${COM}apparmor`);
  need(container.credentialSpecs?.length || security.some((option) => option.startsWith('credentialspec:')), `${ECS}gmsa`);
}

function ofSecrets({ secrets = [], logConfiguration }: ContainerDefinition, need: Need): void {
  for (const [given, use] of [[secrets, 'environment-variables'], [logConfiguration?.secretOptions ?? [], 'bootstrap.log-driver']] as const) {
    for (const { valueFrom = '' } of given) need(true, `${ECS}secrets.${/^arn:[^:]*:secretsmanager:/.test(valueFrom) ? 'asm' : 'ssm'}.${use}`);
  }
}
