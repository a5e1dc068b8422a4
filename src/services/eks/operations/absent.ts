import type { RequestContext } from '../../../control/service.ts';
import { clusterArn } from '../arns.ts';
import { requireCluster } from '../lookups.ts';
import type { EksOperations } from '../table.ts';

/**
 * Kinds of resource of which there is none, for nothing here makes one. Tools that look around ask for them (eksctl before it deletes a
 * cluster, Terraform's data sources, consoles), and an empty list is the truth. A kind leaves this table once it can be made.
 */
const none = <Answer>(answer: Answer) => ({
  resources: (input: { clusterName?: string | undefined }, context: RequestContext) => [clusterArn(context, input.clusterName ?? '')],
  async run(input: { clusterName?: string | undefined }, context: RequestContext): Promise<Answer> {
    await requireCluster(context, context, input.clusterName);
    return answer;
  },
});

export const absentOperations = {
  ListCapabilities: none({ capabilities: [] }),
  ListEksAnywhereSubscriptions: () => ({ subscriptions: [] }),
  ListIdentityProviderConfigs: none({ identityProviderConfigs: [] }),
  ListInsights: none({ insights: [] }),
  ListPodIdentityAssociations: none({ associations: [] }),
} satisfies EksOperations;
