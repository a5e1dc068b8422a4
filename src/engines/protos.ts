import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { binDir } from './index.ts';

/**
 * The CRI's protocol buffers (`runtime.v1`, no imports), out of the very Go module that containerd was built of; for
 * @grpc/proto-loader. Inside of an instance it lies at the same place in the mounted engine: `/opt/engines/containerd/bin`.
 */
export async function criProto(): Promise<string> {
  const inside = '/opt/engines/containerd/bin/cri-api.proto';
  return existsSync(inside) ? inside : join(await binDir('containerd'), 'cri-api.proto');
}

/** The Container Storage Interface and the kubelet's registration of plugins; inside of an instance alone. */
export const csiProto = '/opt/engines/csi/bin/csi.proto';
export const registrationProto = '/opt/engines/csi/bin/pluginregistration.proto';
