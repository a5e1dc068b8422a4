import * as sdk from '@aws-sdk/client-ssm';
import type { Service } from '../../control/service.ts';
import constraints from './constraints.json' with { type: 'json' };
import { missing } from './missing.ts';
import { operations } from './operations.ts';

/**
 * AWS Systems Manager, after https://docs.aws.amazon.com/systems-manager/latest/APIReference/: Parameter Store alone.
 *
 * Faithful to: parameters with versions, labels, history, hierarchies, filters and tags; the public parameters that name machine images.
 * Missing: everything of Systems Manager that is not Parameter Store; parameter policies, sharing, keys of one's own.
 * By design: a SecureString is sealed with the installation's key, which stands for `alias/aws/ssm`.
 */
export const ssm: Service = {
  name: 'ssm',
  protocol: { name: 'awsJson1_1', targetPrefix: 'AmazonSSM' },
  sdk,
  operations,
  missing,
  constraints,
};
