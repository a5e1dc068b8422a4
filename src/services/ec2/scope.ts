import type { Env, Scope } from '../../control/service.ts';

/** An installation is one account in one region; records of hosts, which know neither, belong to it. */
export function scopeOf(env: Env): Scope {
  return { account: env.installation.account, region: env.installation.region };
}

export const arn = (scope: Scope, type: string, id: string) => `arn:aws:ec2:${scope.region}:${scope.account}:${type}/${id}`;
