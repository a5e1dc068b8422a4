import * as sdk from '@aws-sdk/client-elastic-load-balancing-v2';
import type { Service } from '../../control/service.ts';
import constraints from './constraints.json' with { type: 'json' };
import { balancers } from './controllers/balancers.ts';
import { targetsController } from './controllers/targets.ts';
import { missing, operations } from './operations.ts';

export { healthWatch, targetHealth } from './health.ts';
export type { TargetHealth } from './health.ts';
export { balancersUsing } from './lookups.ts';
/** For services that call it in its own shapes: `asService(elasticloadbalancingOperations, …)`. */
export { operations as elasticloadbalancingOperations } from './operations.ts';
export { deregisterTargets, registerTargets, targetGroup } from './targets.ts';

/**
 * Elastic Load Balancing, API version 2015-12-01, after https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/.
 * Other services register targets and watch their health by what is exported above.
 *
 * Faithful to: network load balancers with TCP listeners, target groups of TCP, checks by TCP, HTTP and HTTPS, and the PROXY protocol;
 * application load balancers with HTTP listeners; forward (weighted), fixed-response and redirect actions; all six kinds
 * of conditions; target groups of instances and addresses; health, draining, stickiness by cookie; tags and quotas.
 * Missing: gateway balancers, UDP, TLS and QUIC listeners, elastic addresses of network balancers, HTTPS, authentication, regular expressions and transforms in rules, lambda targets, gRPC and
 * HTTP/2 to targets, access logs. Each answers an error that says so; an attribute without effect can only be set to its default.
 * By design: a balancer runs on one host, with an address in each of its subnets; it does not move when that host is lost.
 * A network balancer makes connections of its own: targets see its address (`preserve_client_ip.enabled` is false, also for instances),
 * and targets of every zone get connections, whatever `load_balancing.cross_zone.enabled` says.
 */
export const elasticloadbalancing: Service = {
  name: 'elasticloadbalancing',
  protocol: { name: 'awsQuery', version: '2015-12-01', xmlNamespace: 'http://elasticloadbalancing.amazonaws.com/doc/2015-12-01/' },
  sdk,
  operations,
  missing,
  constraints,
  controllers: [balancers, targetsController],
};
