import { createHash } from 'node:crypto';

/** What an instance is when it boots; all of them share one root file system. `eks-control-plane` is no customer's to see. */
export const imageNames = ['ecs-optimized', 'eks-optimized', 'eks-control-plane'] as const;
export type ImageName = (typeof imageNames)[number];

/** The id of the machine image that Gantry makes under this name (`ecs-optimized`); the same on every installation and host. */
export function imageId(name: string): string {
  return `ami-${createHash('sha256').update(name).digest('hex').slice(0, 17)}`;
}
