import type { PlacementConstraint, PlacementStrategy, TaskOverride } from '@aws-sdk/client-ecs';
import { AwsError } from '../../../control/error.ts';
import { client, invalid, unsupported } from '../errors.ts';
import type { LaunchType, Task, TaskDefinition } from '../records.ts';
import { isFargateSize, noSuchSize } from '../task-definitions/size.ts';

/** The platform of tasks on Fargate: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/platform-fargate.html */
export const PLATFORM_VERSION = '1.4.0';
const PLATFORM_FAMILY = 'Linux';
/** What a task has without asking for more. */
const EPHEMERAL_STORAGE_GIB = 20;

/** What the agent on Fargate's machines can do, of what task definitions require (`task-definitions/capabilities.ts`). */
const CAPABILITIES = [
  'com.amazonaws.ecs.capability.ecr-auth', 'com.amazonaws.ecs.capability.task-iam-role', 'com.amazonaws.ecs.capability.logging-driver.awslogs',
  ...[
    'container-health-check', 'container-ordering', 'container-restart-policy', 'execution-role-awslogs', 'execution-role-ecr-pull', 'pid-ipc-namespace-sharing',
    'secrets.ssm.environment-variables', 'task-cpu-mem-limit', 'task-eni',
  ].map((name) => `ecs.capability.${name}`),
];
const ARCHITECTURE = process.arch === 'arm64' ? 'ARM64' : 'X86_64';

export interface PlatformInput {
  platformVersion?: string | undefined;
  placementConstraints?: PlacementConstraint[] | undefined;
  placementStrategy?: PlacementStrategy[] | undefined;
}

/**
 * What RunTask, CreateService and UpdateService ask of the platform. Answers the platform version as it is kept; undefined on instances.
 * Errors: InvalidParameterException, ClientException, PlatformUnknownException, PlatformTaskDefinitionIncompatibilityException.
 */
export function checkPlatform(launchType: LaunchType, input: PlatformInput, definition: TaskDefinition, overrides: TaskOverride = {}): string | undefined {
  if (launchType === 'EC2') {
    if (input.platformVersion) throw invalid('The platform version must be null when specifying an EC2 launch type.');
    return undefined;
  }
  if (!definition.compatibilities.includes('FARGATE')) throw invalid('Task definition does not support launch_type FARGATE.');
  if (input.placementConstraints?.length) throw invalid('Placement constraints are not supported with FARGATE launch type.');
  if (input.placementStrategy?.length) throw invalid('Placement strategies are not supported with FARGATE launch type.');
  const version = input.platformVersion || 'LATEST';
  if (version !== 'LATEST' && version !== PLATFORM_VERSION) throw new AwsError('PlatformUnknownException', 400, 'The specified platform does not exist.');
  const [cpu, memory] = [overrides.cpu ?? definition.cpu, overrides.memory ?? definition.memory];
  if (!isFargateSize(cpu, memory)) throw client(noSuchSize(cpu, memory));
  if (!definition.requiresAttributes.every((name) => CAPABILITIES.includes(name))) {
    throw new AwsError('PlatformTaskDefinitionIncompatibilityException', 400, 'One or more of the requested capabilities are not supported.');
  }
  const { operatingSystemFamily = 'LINUX', cpuArchitecture = ARCHITECTURE } = definition.runtimePlatform ?? {};
  if (operatingSystemFamily !== 'LINUX' || cpuArchitecture !== ARCHITECTURE) throw unsupported(`The runtime platform ${operatingSystemFamily}/${cpuArchitecture} is not implemented by Gantry on this machine.`);
  return version;
}

/** What a task on Fargate tells of its platform. */
export function platformShape({ launchType, overrides }: Task, definition: TaskDefinition | undefined) {
  if (launchType !== 'FARGATE') return {};
  const storage = { sizeInGiB: (overrides.ephemeralStorage ?? definition?.ephemeralStorage)?.sizeInGiB ?? EPHEMERAL_STORAGE_GIB };
  return { platformVersion: PLATFORM_VERSION, platformFamily: PLATFORM_FAMILY, ephemeralStorage: storage, fargateEphemeralStorage: storage };
}

/** Of a service, and of its deployments: the version that LATEST stands for. */
export const servicePlatform = (platformVersion: string | undefined) =>
  (platformVersion === undefined ? {} : { platformVersion, platformFamily: PLATFORM_FAMILY });
export const deploymentPlatform = (platformVersion: string | undefined) => servicePlatform(platformVersion && PLATFORM_VERSION);
