import type * as Sdk from '@aws-sdk/client-ecs';
import type { OperationName, OperationTable } from '../../control/service.ts';
import { accountSettingOperations } from './operations/account-settings.ts';
import { attributeOperations } from './operations/attributes.ts';
import { capacityProviderOperations } from './operations/capacity-providers.ts';
import { clusterOperations } from './operations/clusters.ts';
import { containerInstanceOperations } from './operations/container-instances.ts';
import { serviceDeploymentOperations } from './operations/service-deployments.ts';
import { serviceOperations } from './operations/services.ts';
import { stateChangeOperations } from './operations/state-changes.ts';
import { tagOperations } from './operations/tags.ts';
import { taskDefinitionOperations } from './operations/task-definitions.ts';
import { taskProtectionOperations } from './operations/task-protection.ts';
import { taskOperations } from './operations/tasks.ts';

export const missing = [
  'AssociateGatewayWithCluster', 'ContinueServiceDeployment', 'CreateDaemon', 'CreateExpressGatewayService', 'CreateGateway', 'CreateTaskSet', 'DeleteDaemon',
  'DeleteDaemonTaskDefinition', 'DeleteExpressGatewayService', 'DeleteGateway', 'DeleteTaskSet', 'DescribeDaemon', 'DescribeDaemonDeployments', 'DescribeDaemonRevisions',
  'DescribeDaemonTaskDefinition', 'DescribeExpressGatewayService', 'DescribeGateway', 'DescribeGatewayResources', 'DescribeGatewayRoute', 'DescribeTaskSets',
  'DisassociateGatewayFromCluster', 'ListDaemonDeployments', 'ListDaemonTaskDefinitions', 'ListDaemons',
  'ListGatewayClusterAssociations', 'ListGatewayRoutes', 'ListGateways', 'ListServicesByNamespace', 'RegisterDaemonTaskDefinition',
  'UpdateContainerAgent', 'UpdateDaemon', 'UpdateExpressGatewayService', 'UpdateGateway', 'UpdateServicePrimaryTaskSet', 'UpdateTaskSet',
] as const satisfies OperationName<typeof Sdk>[];

export const operations: OperationTable<typeof Sdk, (typeof missing)[number]> = {
  ...clusterOperations,
  ...taskDefinitionOperations,
  ...taskOperations,
  ...taskProtectionOperations,
  ...serviceOperations,
  ...serviceDeploymentOperations,
  ...containerInstanceOperations,
  ...attributeOperations,
  ...capacityProviderOperations,
  ...stateChangeOperations,
  ...tagOperations,
  ...accountSettingOperations,
};
