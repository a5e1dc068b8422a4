import * as sdk from '@aws-sdk/client-cloudwatch-logs';
import type { Service } from '../../control/service.ts';

/** Amazon CloudWatch Logs. (The operations follow.) */
export const logs: Service = {
  name: 'logs',
  protocol: { name: 'awsJson1_1', targetPrefix: 'Logs_20140328' },
  sdk,
  operations: {},
  missing: [],
};
