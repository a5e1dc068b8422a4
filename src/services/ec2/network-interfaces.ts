import type { Env, Scope } from '../../control/service.ts';
import type { NetworkInterface } from './records.ts';

export interface NewNetworkInterface {
  subnetId: string;
  /** Without any: the VPC's default group. */
  groupIds?: string[];
  description?: string;
  /** `interface` unless told: `load_balancer`, `branch` … */
  interfaceType?: string;
  /** The service that makes it, `elasticloadbalancing.amazonaws.com`: customers can then neither change nor delete it. */
  requesterId?: string;
  /** A particular private address. */
  address?: string;
  /** Gives it a public address for its life. */
  publicAddress?: boolean;
  tags?: Record<string, string>;
  /** Attached from the start. An instance brings its host; another owner (a balancer) says on which host it is. */
  attachTo?: { instanceId: string; deviceIndex?: number } | { owner: string; hostId: string; deviceIndex: number };
  deleteOnTermination?: boolean;
}

/**
 * Makes an interface, with its addresses and attachment, in one commit.
 * Errors: InvalidSubnetID.NotFound, InvalidGroup.NotFound, InvalidInstanceID.NotFound, InsufficientFreeAddressesInSubnet,
 * AttachmentLimitExceeded, InvalidIPAddress.InUse.
 */
export async function createNetworkInterface(env: Env, scope: Scope, wish: NewNetworkInterface): Promise<NetworkInterface> {
  void [env, scope];
  throw new Error(`not there yet: ${wish.subnetId}`);
}

/** Takes it away whatever it is attached to; nothing happens if it is gone. Its addresses are free again at once. */
export async function deleteNetworkInterface(env: Env, scope: Scope, id: string): Promise<void> {
  void [env, scope];
  throw new Error(`not there yet: ${id}`);
}

/** Answers the changed interface, undefined if it is gone. */
export async function setInterfaceGroups(env: Env, scope: Scope, id: string, groupIds: string[]): Promise<NetworkInterface | undefined> {
  void [env, scope, groupIds];
  throw new Error(`not there yet: ${id}`);
}
