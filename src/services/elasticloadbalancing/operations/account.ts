import type * as Sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import type { OperationTable } from '../../../control/service.ts';
import { failure } from '../errors.ts';
import { page } from '../paging.ts';

/** The quotas that are enforced here, with AWS's default values. */
const LIMITS = {
  'target-groups': 3000,
  'targets-per-application-load-balancer': 1000,
  'listeners-per-application-load-balancer': 50,
  'rules-per-application-load-balancer': 100,
  'application-load-balancers': 50,
  'condition-values-per-alb-rule': 5,
  'condition-wildcards-per-alb-rule': 6,
  'target-groups-per-action-on-application-load-balancer': 5,
  'targets-per-target-group': 1000,
};

type Names = 'DescribeAccountLimits' | 'DescribeSSLPolicies';

export const accountOperations: Pick<OperationTable<typeof Sdk>, Names> = {
  DescribeAccountLimits(input) {
    const { items, ...more } = page(Object.entries(LIMITS), ([name]) => name, input);
    return { Limits: items.map(([Name, max]) => ({ Name, Max: String(max) })), ...more };
  },

  /** No listener speaks TLS yet, so there is no policy to choose. */
  DescribeSSLPolicies(input) {
    if (input.Names?.length) throw failure('SSLPolicyNotFound', `SSL policy '${input.Names[0]}' not found`);
    return { SslPolicies: [] };
  },
};
