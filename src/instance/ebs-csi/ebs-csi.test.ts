import assert from 'node:assert/strict';
import { Client, credentials, loadPackageDefinition } from '@grpc/grpc-js';
import type { ServiceError } from '@grpc/grpc-js';
import { loadSync } from '@grpc/proto-loader';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ensure } from '../../engines/index.ts';
import { mountsIn } from './filesystem.ts';
import { nodeService } from './node.ts';
import { serve, serviceIn } from './rpc.ts';

let proto = '';
let folder = '';
before(async () => {
  proto = join(await ensure('csi'), 'csi.proto');
  folder = await mkdtemp(join(tmpdir(), 'ebs-csi-'));
});
after(() => rm(folder, { recursive: true }));

test('the kubelet is told of the node over its socket, and gets an error by its code', async () => {
  const socket = join(folder, 'csi.sock');
  const stop = await serve(socket, [{ definition: serviceIn(proto, 'csi.v1.Node'), methods: nodeService({ instanceId: 'i-0123456789abcdef0', zone: 'us-east-1a' }) }]);
  // `any`: grpc-js types what it makes of a proto file no closer than that.
  const client = new (loadPackageDefinition(loadSync(proto, { defaults: true, enums: String, longs: Number })) as any).csi.v1.Node(`unix://${socket}`, credentials.createInsecure()) as Client & Record<string, (request: object, done: (error: ServiceError | null, answer: unknown) => void) => void>;
  const call = (method: string, request: object) => new Promise<unknown>((resolve, reject) => client[method]!(request, (error, answer) => (error ? reject(error) : resolve(answer))));
  try {
    assert.deepEqual(JSON.parse(JSON.stringify(await call('NodeGetInfo', {}))), {
      nodeId: 'i-0123456789abcdef0', maxVolumesPerNode: 25,
      accessibleTopology: { segments: { 'topology.ebs.csi.aws.com/zone': 'us-east-1a', 'topology.kubernetes.io/zone': 'us-east-1a' } },
    });
    await assert.rejects(call('NodeGetVolumeStats', { volumePath: '/nowhere/at/all' }), { code: 5, details: 'path /nowhere/at/all does not exist' });
    await assert.rejects(call('NodePublishVolume', { volumeId: 'vol-1', stagingTargetPath: folder, targetPath: join(folder, 'target'), volumeCapability: { mount: {} } }), { code: 9 });
    assert.deepEqual(await call('NodeUnpublishVolume', { volumeId: 'vol-1', targetPath: join(folder, 'target') }), {});
  } finally {
    client.close();
    stop();
  }
});

test('mounts are read with the characters that mountinfo escapes', () => {
  const line = '36 35 7:1 / /var/lib/a\\040b rw,noatime shared:1 - ext4 /dev/loop1 rw\n';
  assert.deepEqual(mountsIn(line), [{ path: '/var/lib/a b', device: '7:1' }]);
});
