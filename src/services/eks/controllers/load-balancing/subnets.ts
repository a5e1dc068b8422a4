import type { Env, Scope } from '../../../../control/service.ts';
import { reachingInternet, subnetsOf } from '../../../ec2/index.ts';
import type { Cluster } from '../../records.ts';
import { PlanError } from './plan.ts';
import type { BalancerPlan } from './plan.ts';

export interface Candidate {
  id: string;
  zone: string;
  tags: Record<string, string>;
  /** Its route table leads to an internet gateway. */
  internet: boolean;
}

/** The subnets of a balancer that names none. */
export async function discoverSubnets(env: Env, scope: Scope, cluster: Cluster, scheme: BalancerPlan['scheme']): Promise<string[]> {
  const internet = await reachingInternet(env, scope, cluster.vpcId);
  const candidates = (await subnetsOf(env, scope, cluster.vpcId)).map(({ id, zone, tags }) => ({ id, zone, tags, internet: internet.has(id) }));
  return chooseSubnets(cluster, scheme, candidates);
}

const ROLES = { 'internet-facing': 'kubernetes.io/role/elb', internal: 'kubernetes.io/role/internal-elb' } as const;
const CLUSTER = 'kubernetes.io/cluster/';

/**
 * One a zone, as the AWS Load Balancer Controller discovers them
 * (https://kubernetes-sigs.github.io/aws-load-balancer-controller/latest/deploy/subnet_discovery/): those of the VPC with the role's tag, unless
 * they are another cluster's; without any, the cluster's own by where their routes lead. By design an internal balancer of a cluster with
 * public subnets alone takes those: an installation's default subnets are public.
 */
export function chooseSubnets(cluster: Pick<Cluster, 'name' | 'subnetIds'>, scheme: BalancerPlan['scheme'], candidates: Candidate[]): string[] {
  const role = ROLES[scheme];
  const mine = ({ tags }: Candidate) => tags[CLUSTER + cluster.name] !== undefined;
  const foreign = (one: Candidate) => !mine(one) && Object.keys(one.tags).some((key) => key.startsWith(CLUSTER));
  const tagged = candidates.filter((one) => ['', '1'].includes(one.tags[role] ?? 'none') && !foreign(one));
  const own = candidates.filter(({ id }) => cluster.subnetIds.includes(id));
  const routed = own.filter(({ internet }) => internet === (scheme === 'internet-facing'));
  const [chosen = []] = [tagged, routed, scheme === 'internal' ? own : []].filter(({ length }) => length);
  if (!chosen.length) throw new PlanError(`couldn't auto-discover subnets: unable to resolve at least one subnet: none has the tag ${role}, and none of the cluster's has a route to an internet gateway`);
  const inOrder = [...chosen].sort((a, b) => Number(mine(b)) - Number(mine(a)) || (a.id < b.id ? -1 : 1));
  const byZone = new Map<string, string>();
  for (const { zone, id } of inOrder) if (!byZone.has(zone)) byZone.set(zone, id);
  return [...byZone.values()];
}
