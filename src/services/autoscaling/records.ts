import type { RunInstancesRequest } from '@aws-sdk/client-ec2';
import { collection } from '../../control/collection.ts';

/** What Auto Scaling keeps: groups, their members, what was done and why, launch configurations. */

export interface GroupTag {
  key: string;
  value: string;
  propagateAtLaunch: boolean;
}

/** Version as it was asked for: `$Latest`, `$Default` or a number. */
export interface TemplateChoice {
  id: string;
  name: string;
  version: string;
}

export interface Group {
  name: string;
  arn: string;
  createdAt: string;
  minSize: number;
  maxSize: number;
  desiredCapacity: number;
  launch: { template: TemplateChoice } | { configuration: string };
  /** In the order given. Each has its zone beside it. */
  subnets: { id: string; zone: string }[];
  healthCheckTypes: ('EC2' | 'ELB')[];
  /** Seconds after the start of service in which a balancer's verdict does not count. */
  healthCheckGracePeriod: number;
  defaultCooldown: number;
  defaultInstanceWarmup?: number;
  targetGroupArns: string[];
  /** Those taken off the group, whose instances are still to be deregistered. */
  leavingTargetGroupArns: string[];
  terminationPolicies: string[];
  newInstancesProtectedFromScaleIn: boolean;
  capacityRebalance: boolean;
  maxInstanceLifetime?: number;
  serviceLinkedRoleArn?: string;
  context?: string;
  /** Process to the reason of its suspension. */
  suspended: Record<string, string>;
  tags: GroupTag[];
  /** A user deleted it (by force, if it still has instances); it goes once nothing is left. */
  deleting?: boolean;
  /** What users asked for since the last activity, in Auto Scaling's sentences: the beginning of the next activities' cause. */
  causes: string[];
  /** Launches failed: none before `until`. */
  backoff?: { failures: number; until: string };
}

export type LifecycleState = 'Pending' | 'InService' | 'Terminating' | 'Standby';

export interface Member {
  /** Also its launch's activity and client token, so that a launch cut short is taken up and never made twice. */
  id: string;
  group: string;
  zone: string;
  subnetId: string;
  lifecycleState: LifecycleState;
  health: 'Healthy' | 'Unhealthy';
  protectedFromScaleIn: boolean;
  createdAt: string;
  /** What is being launched; present as long as EC2 has not answered with an instance. */
  launching?: RunInstancesRequest;
  instanceId?: string;
  instanceType?: string;
  imageId?: string;
  /** What it was launched from, the version as a number. */
  template?: TemplateChoice;
  configuration?: string;
  inServiceAt?: string;
  /** The activity that launches, moves or terminates it, as long as that is under way. */
  activity?: string;
}

export interface Activity {
  id: string;
  group: string;
  groupArn: string;
  description: string;
  cause: string;
  startedAt: string;
  endedAt?: string;
  status: 'WaitingForInstanceId' | 'PreInService' | 'InProgress' | 'Successful' | 'Failed' | 'Cancelled';
  message?: string;
  progress: number;
  /** JSON in AWS's words. */
  details: string;
}

export interface LaunchConfiguration {
  name: string;
  arn: string;
  createdAt: string;
  /** CreateLaunchConfigurationType as it came. */
  data: Record<string, unknown>;
}

export const groups = collection<Group>('autoscaling/group');
/** By group, then by member id. */
export const members = collection<Member>('autoscaling/member');
/** By group, then by id, which begins with the time: key order is time order. */
export const activities = collection<Activity>('autoscaling/activity');
export const launchConfigurations = collection<LaunchConfiguration>('autoscaling/launch-configuration');

/** The tag that tells to which group an instance belongs; a customer can neither set nor remove it. */
export const GROUP_TAG = 'aws:autoscaling:groupName';
