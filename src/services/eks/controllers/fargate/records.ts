import { collection } from '../../../../control/collection.ts';
import type { Size } from './sizes.ts';

/** The machine of one pod on Fargate, which customers do not see. It comes to be step by step: record, interface, instance, node. */
export interface Sandbox extends Size {
  /** `i-<17 hex>` */
  id: string;
  cluster: string;
  profile: string;
  /** The pod execution role. */
  roleArn: string;
  subnetId: string;
  zone: string;
  hostId: string;
  createdAt: string;
  /** Once it has its interface. */
  network?: { interfaceId: string; address: string };
  /** It is not wished any more; the record goes once nothing of it is left. */
  retired?: boolean;
}

/** By cluster name, and the pod's namespace, name and uid. */
export const sandboxes = collection<Sandbox>('eks/fargate-sandbox');
