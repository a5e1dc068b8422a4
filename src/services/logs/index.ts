import * as sdk from '@aws-sdk/client-cloudwatch-logs';
import { inWords } from '../../control/constraints.ts';
import type { Service } from '../../control/service.ts';
import constraints from './constraints.json' with { type: 'json' };
import { retention } from './controllers/retention.ts';
import { invalidParameter } from './errors.ts';
import { missing, operations } from './operations.ts';

/** For services that call it in its own shapes: `asService(logsOperations, …)`. */
export { operations as logsOperations } from './operations.ts';

/**
 * Amazon CloudWatch Logs, after https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/.
 *
 * Faithful to: log groups, streams, events (limits, order, tokens), retention, tags, filter patterns in all three languages.
 * Missing: Insights queries, live tail, metric and subscription filters, deliveries, exports, encryption by KMS (refused).
 * By design: events can be read as soon as they are acknowledged, and an acknowledged event is on disk. Infrequent-access groups are
 * as quick as others.
 */
export const logs: Service = {
  name: 'logs',
  protocol: { name: 'awsJson1_1', targetPrefix: 'Logs_20140328' },
  sdk,
  operations,
  missing,
  constraints,
  invalid: (faults) => invalidParameter(inWords(faults)),
  controllers: [retention],
};
