import * as sdk from '@aws-sdk/client-auto-scaling';
import type { Service } from '../../control/service.ts';
import constraints from './constraints.json' with { type: 'json' };
import { fleets } from './controllers/groups.ts';
import { missing, operations } from './operations.ts';

/** For services that call Auto Scaling in its own shapes: `asService(autoscalingOperations, …)`. */
export { operations as autoscalingOperations } from './operations.ts';
/** For watching: `members.prefix`. Read only. */
export { groups as autoScalingGroups, members as autoScalingMembers } from './records.ts';

/**
 * Amazon EC2 Auto Scaling, after https://docs.aws.amazon.com/autoscaling/ec2/APIReference/.
 *
 * Faithful to: groups from launch templates and configurations, balanced over zones; replacement of what is not running, impaired,
 * unhealthy by its balancer or by a user; activities with AWS's causes; termination policies, protection, standby, attaching and
 * detaching, suspended processes, target groups with draining, tags.
 * Missing: scaling policies, schedules, lifecycle hooks, instance refresh, warm pools, mixed instances, notifications, classic
 * balancers; a group that has grown lopsided is not moved to balance it (AZRebalance).
 * By design: health is looked at when something changes and every 30 s; a failed launch is tried again after 5 s, then twice as long
 * each time up to 5 minutes.
 */
export const autoscaling: Service = {
  name: 'autoscaling',
  protocol: { name: 'awsQuery', version: '2011-01-01', xmlNamespace: 'http://autoscaling.amazonaws.com/doc/2011-01-01/' },
  sdk,
  operations,
  missing,
  constraints,
  controllers: [fleets],
};
