import type { Watch } from '../../control/controller.ts';
import type { Env, Scope } from '../../control/service.ts';
import type { TargetDescription } from './targets.ts';

export type TargetState = 'initial' | 'healthy' | 'unhealthy' | 'unused' | 'draining';

/** As DescribeTargetHealth tells it. */
export interface TargetHealth {
  target: { id: string; port: number; zone?: string };
  healthCheckPort: string;
  state: TargetState;
  /** `Elb.RegistrationInProgress`, `Target.NotRegistered` … ; none when healthy. */
  reason?: string;
  description?: string;
}

/** All targets of the group, or those asked for, in the order asked. Errors: TargetGroupNotFound. */
export async function targetHealth(env: Env, scope: Scope, targetGroupArn: string, wanted?: TargetDescription[]): Promise<TargetHealth[]> {
  void [env, scope, wanted];
  throw new Error(`not there yet: ${targetGroupArn}`);
}

/** For another service's controller: which of its items to look at when the health of a target in this group changed. */
export function healthWatch(items: (targetGroupArn: string, env: Env) => string[] | Promise<string[]>): Watch {
  void items;
  throw new Error('not there yet');
}
