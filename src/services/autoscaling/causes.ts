/** The sentences of an activity's Cause, as Auto Scaling words them; an activity's cause is one or more of them. */
const at = (now: Date) => `At ${now.toISOString().slice(0, 19)}Z`;

export const created = (now: Date, desired: number) => `${at(now)} a user request created an AutoScalingGroup changing the desired capacity from 0 to ${desired}.`;
export const constraintsUpdated = (now: Date, { min, max, desired }: { min: number; max: number; desired: number }, before: number) =>
  `${at(now)} a user request update of AutoScalingGroup constraints to min: ${min}, max: ${max}, desired: ${desired} changing the desired capacity from ${before} to ${desired}.`;
export const desiredSet = (now: Date, before: number, after: number) => `${at(now)} a user request explicitly set group desired capacity changing the desired capacity from ${before} to ${after}.`;
export const forceDeleted = (now: Date) => `${at(now)} a user request force-deleted the AutoScalingGroup.`;

export const grew = (now: Date, from: number, to: number) => `${at(now)} an instance was started in response to a difference between desired and actual capacity, increasing the capacity from ${from} to ${to}.`;
export const replaced = (now: Date) => `${at(now)} an instance was launched in response to an unhealthy instance needing to be replaced.`;
export const shrank = (now: Date, from: number, to: number) => `${at(now)} an instance was taken out of service in response to a difference between desired and actual capacity, shrinking the capacity from ${from} to ${to}.`;
export const selected = (now: Date, instanceId: string) => `${at(now)} instance ${instanceId} was selected for termination.`;

export const stoppedOrTerminated = (now: Date) => `${at(now)} an instance was taken out of service in response to an EC2 health check indicating it has been terminated or stopped.`;
export const statusCheckFailed = (now: Date) => `${at(now)} an instance was taken out of service in response to an EC2 instance status checks failure.`;
export const balancerFailed = (now: Date) => `${at(now)} an instance was taken out of service in response to an ELB system health check failure.`;
export const userHealth = (now: Date) => `${at(now)} an instance was taken out of service in response to a user health-check.`;
export const tooOld = (now: Date) => `${at(now)} an instance was taken out of service in response to maximum instance lifetime being exceeded.`;

export const userTerminated = (now: Date, instanceId: string, capacity?: { from: number; to: number }) =>
  `${at(now)} instance ${instanceId} was taken out of service in response to a user request${capacity ? `, shrinking the capacity from ${capacity.from} to ${capacity.to}` : ''}.`;
export const detached = (now: Date, instanceId: string, capacity?: { from: number; to: number }) =>
  `${at(now)} instance ${instanceId} was detached in response to a user request${capacity ? `, shrinking the capacity from ${capacity.from} to ${capacity.to}` : ''}.`;
export const attached = (now: Date, instanceId: string, capacity: { from: number; to: number }) =>
  `${at(now)} an instance was attached in response to a user request, increasing the capacity from ${capacity.from} to ${capacity.to}: ${instanceId}.`;
export const standbyEntered = (now: Date, instanceId: string, capacity?: { from: number; to: number }) =>
  `${at(now)} instance ${instanceId} was moved to standby in response to a user request${capacity ? `, shrinking the capacity from ${capacity.from} to ${capacity.to}` : ''}.`;
export const standbyLeft = (now: Date, instanceId: string, capacity?: { from: number; to: number }) =>
  `${at(now)} instance ${instanceId} was moved out of standby in response to a user request${capacity ? `, increasing the capacity from ${capacity.from} to ${capacity.to}` : ''}.`;
