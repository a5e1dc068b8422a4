import type { Change, Entry } from '../../store/store.ts';
import type { Env, Scope } from '../../control/service.ts';
import { failure } from './errors.ts';
import { balancersUsing, groupArns, requireGroup } from './lookups.ts';
import { targetGroups } from './records.ts';
import type { Action, Listener, LoadBalancer, TargetGroup } from './records.ts';

/**
 * That these actions may forward where they say, and the changes that make it safe: each group is written again as it is, so that a
 * commit which deletes it meanwhile, having seen nobody use it, fails.
 */
export async function touchGroups(env: Env, scope: Scope, balancer: LoadBalancer, actions: Action[], protocol: Listener['protocol'] = 'HTTP'): Promise<Change[]> {
  const entries: Entry<TargetGroup>[] = [];
  for (const arn of new Set(groupArns(actions))) {
    const entry = await requireGroup(env, scope, arn);
    if (entry.value.vpcId !== balancer.vpcId) throw failure('InvalidConfigurationRequest', `Target group '${arn}' and load balancer '${balancer.arn}' must be in the same VPC`);
    if (entry.value.protocol !== protocol) throw failure('IncompatibleProtocols', `Listener protocol '${protocol}' is not supported with a target group with the protocol '${entry.value.protocol}'`);
    const others = (await balancersUsing(env, scope, arn)).filter((other) => other !== balancer.arn);
    if (others.length) throw failure('TargetGroupAssociationLimit', `The following target groups cannot be associated with more than one load balancer: ${arn}`);
    entries.push(entry);
  }
  return entries.map(({ key, value, revision }) => targetGroups.put(key, value, revision));
}
