import { createHash } from 'node:crypto';

/** The id of the machine image that Gantry makes under this name (`ecs-optimized`); the same on every installation and host. */
export function imageId(name: string): string {
  return `ami-${createHash('sha256').update(name).digest('hex').slice(0, 17)}`;
}
