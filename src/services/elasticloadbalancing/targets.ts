import type { Env, Scope } from '../../control/service.ts';
import type { TargetGroup } from './records.ts';

/** A target as callers name it: an instance's id or an address; the group's port unless told. */
export interface TargetDescription {
  id: string;
  port?: number;
  zone?: string;
}

export async function targetGroup(env: Env, scope: Scope, arn: string): Promise<TargetGroup | undefined> {
  void [env, scope];
  throw new Error(`not there yet: ${arn}`);
}

/**
 * Idempotent; a target that drains is in service again. Errors: TargetGroupNotFound, InvalidTarget, TooManyTargets.
 */
export async function registerTargets(env: Env, scope: Scope, targetGroupArn: string, wanted: TargetDescription[]): Promise<void> {
  void [env, scope, wanted];
  throw new Error(`not there yet: ${targetGroupArn}`);
}

/**
 * Without a port: every registration of that id. No new requests go there from now on; it stays `draining` until its requests are
 * done or the delay is over, then `targetHealth` answers `unused` (Target.NotRegistered). Errors: TargetGroupNotFound.
 */
export async function deregisterTargets(env: Env, scope: Scope, targetGroupArn: string, unwanted: TargetDescription[]): Promise<void> {
  void [env, scope, unwanted];
  throw new Error(`not there yet: ${targetGroupArn}`);
}
