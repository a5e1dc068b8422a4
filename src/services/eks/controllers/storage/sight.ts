import type { Env } from '../../../../control/service.ts';
import { nodes } from '../../../../kube/resources.ts';
import type { Cluster } from '../../records.ts';
import type { World } from '../../worlds.ts';
import type { Ebs } from './ebs.ts';
import { attachments, claims, csiNodes, storageClasses, volumes } from './resources.ts';

export const WATCHED = { claims, volumes, storageClasses, attachments, csiNodes, nodes };

/** What the driver sees of one cluster and of EC2. */
export interface Sight extends World<typeof WATCHED> {
  env: Env;
  cluster: Cluster;
  ebs: Ebs;
  /** As Kubernetes writes times. */
  now(): string;
}
