import type { RunInstancesRequest } from '@aws-sdk/client-ec2';
import type { Env, Scope } from '../../control/service.ts';
import type { Instance } from './records.ts';

export interface LaunchOptions {
  /** The service that launches for its own ends: `autoscaling.amazonaws.com`. */
  requesterId?: string;
  /** Asked before a role is handed to instances; services that asked earlier leave it out. */
  authorize?(action: string, resources: string[]): Promise<void>;
}

/**
 * RunInstances, for operations and for services alike: merges the launch template, picks hosts, takes addresses, and stores
 * everything in one commit. A ClientToken makes it safe to call again. Throws EC2's errors (InsufficientInstanceCapacity and so on).
 */
export async function runInstances(env: Env, scope: Scope, request: RunInstancesRequest, options: LaunchOptions = {}): Promise<Instance[]> {
  void [env, scope, options];
  throw new Error(`not there yet: ${request.ImageId}`);
}
