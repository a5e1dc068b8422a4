/**
 * Elastic Load Balancing, API version 2015-12-01 (application load balancers), after
 * https://docs.aws.amazon.com/elasticloadbalancing/latest/APIReference/.
 *
 * Other services register targets and watch their health by what is exported here.
 */
export { healthWatch, targetHealth } from './health.ts';
export type { TargetHealth, TargetState } from './health.ts';
export type { TargetGroup } from './records.ts';
export { deregisterTargets, registerTargets, targetGroup } from './targets.ts';
export type { TargetDescription } from './targets.ts';
