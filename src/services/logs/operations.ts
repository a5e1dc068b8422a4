import type * as Sdk from '@aws-sdk/client-cloudwatch-logs';
import type { OperationName, OperationTable } from '../../control/service.ts';
import { filterLogEventsOperations } from './operations/filter-log-events.ts';
import { getLogEventsOperations } from './operations/get-log-events.ts';
import { groupOperations } from './operations/groups.ts';
import { putLogEventsOperations } from './operations/put-log-events.ts';
import { streamOperations } from './operations/streams.ts';
import { tagOperations } from './operations/tags.ts';

export const missing = [
  'AssociateKmsKey', 'AssociateSourceToS3TableIntegration', 'CancelExportTask', 'CancelImportTask', 'CreateDelivery', 'CreateExportTask',
  'CreateImportTask', 'CreateLogAnomalyDetector', 'CreateLookupTable', 'CreateScheduledQuery', 'DeleteAccountPolicy', 'DeleteDataProtectionPolicy',
  'DeleteDelivery', 'DeleteDeliveryDestination', 'DeleteDeliveryDestinationPolicy', 'DeleteDeliverySource', 'DeleteDestination', 'DeleteIndexPolicy',
  'DeleteIntegration', 'DeleteLogAnomalyDetector', 'DeleteLookupTable', 'DeleteMetricFilter', 'DeleteQueryDefinition', 'DeleteResourcePolicy',
  'DeleteScheduledQuery', 'DeleteSubscriptionFilter', 'DeleteSyslogConfiguration', 'DeleteTransformer', 'DescribeAccountPolicies',
  'DescribeConfigurationTemplates', 'DescribeDeliveries', 'DescribeDeliveryDestinations', 'DescribeDeliverySources', 'DescribeDestinations',
  'DescribeExportTasks', 'DescribeFieldIndexes', 'DescribeImportTaskBatches', 'DescribeImportTasks', 'DescribeIndexPolicies', 'DescribeLookupTables',
  'DescribeQueries', 'DescribeQueryDefinitions', 'DescribeResourcePolicies', 'DisassociateKmsKey', 'DisassociateSourceFromS3TableIntegration',
  'GetDataProtectionPolicy', 'GetDelivery', 'GetDeliveryDestination', 'GetDeliveryDestinationPolicy', 'GetDeliverySource', 'GetIntegration',
  'GetLogAnomalyDetector', 'GetLogFields', 'GetLogGroupFields', 'GetLogObject', 'GetLogRecord', 'GetLookupTable', 'GetQueryResults',
  'GetScheduledQuery', 'GetScheduledQueryHistory', 'GetStorageTierPolicy', 'GetTransformer', 'ListAggregateLogGroupSummaries', 'ListAnomalies',
  'ListIntegrations', 'ListLogAnomalyDetectors', 'ListLogGroupsForQuery', 'ListScheduledQueries', 'ListSourcesForS3TableIntegration',
  'ListSyslogConfigurations', 'PutAccountPolicy', 'PutBearerTokenAuthentication', 'PutDataProtectionPolicy', 'PutDeliveryDestination',
  'PutDeliveryDestinationPolicy', 'PutDeliverySource', 'PutDestination', 'PutDestinationPolicy', 'PutIndexPolicy', 'PutIntegration',
  'PutMetricFilter', 'PutQueryDefinition', 'PutResourcePolicy', 'PutStorageTierPolicy', 'PutSubscriptionFilter', 'PutSyslogConfiguration',
  'PutTransformer', 'StartLiveTail', 'StartQuery', 'StopQuery', 'TestTransformer', 'UpdateAnomaly', 'UpdateDeliveryConfiguration',
  'UpdateLogAnomalyDetector', 'UpdateLookupTable', 'UpdateScheduledQuery',
] as const satisfies OperationName<typeof Sdk>[];

export const operations: OperationTable<typeof Sdk, (typeof missing)[number]> = {
  ...groupOperations,
  ...tagOperations,
  ...streamOperations,
  ...putLogEventsOperations,
  ...getLogEventsOperations,
  ...filterLogEventsOperations,
};
