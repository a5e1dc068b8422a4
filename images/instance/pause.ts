import { createHash } from 'node:crypto';
import { chmod, copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { run } from '../../src/engines/command.ts';

/** As containerd's configuration names it (`files/etc/containerd/config.toml`). */
export const pauseImage = 'localhost/gantry/pause:1';

/**
 * Writes the image of pod sandboxes, an OCI archive (image-spec 1.1, image-layout.md) with busybox alone: what holds a pod's
 * namespaces open only has to sleep. containerd ends it with SIGKILL, so nothing is lost in that PID 1 ignores SIGTERM.
 */
export async function writePauseImage(busybox: string, archive: string): Promise<void> {
  const work = `${archive}.work`;
  const layer = join(work, 'layer');
  const layout = join(work, 'layout');
  const blobs = join(layout, 'blobs/sha256');
  await mkdir(join(layer, 'bin'), { recursive: true });
  await mkdir(blobs, { recursive: true });
  await copyFile(busybox, join(layer, 'bin/busybox'));
  await chmod(join(layer, 'bin/busybox'), 0o755);
  await run([...tar, '-cf', join(work, 'layer.tar'), '-C', layer, '.']);

  const put = async (mediaType: string, content: Buffer | object) => {
    const bytes = Buffer.isBuffer(content) ? content : Buffer.from(JSON.stringify(content));
    const digest = createHash('sha256').update(bytes).digest('hex');
    await writeFile(join(blobs, digest), bytes);
    return { mediaType, digest: `sha256:${digest}`, size: bytes.length };
  };
  const layerDescriptor = await put('application/vnd.oci.image.layer.v1.tar', await readFile(join(work, 'layer.tar')));
  const config = await put('application/vnd.oci.image.config.v1+json', {
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    os: 'linux',
    config: { Entrypoint: ['/bin/busybox', 'sleep', 'infinity'] },
    rootfs: { type: 'layers', diff_ids: [layerDescriptor.digest] },
  });
  const mediaType = 'application/vnd.oci.image.manifest.v1+json';
  const manifest = await put(mediaType, { schemaVersion: 2, mediaType, config, layers: [layerDescriptor] });
  const annotations = { 'io.containerd.image.name': pauseImage, 'org.opencontainers.image.ref.name': pauseImage.split(':')[1] };
  await writeFile(join(layout, 'oci-layout'), JSON.stringify({ imageLayoutVersion: '1.0.0' }));
  await writeFile(join(layout, 'index.json'), JSON.stringify({ schemaVersion: 2, manifests: [{ ...manifest, annotations }] }));
  await run([...tar, '-cf', join(work, 'image.tar'), '-C', layout, '.']);
  await rename(join(work, 'image.tar'), archive);
  await rm(work, { recursive: true });
}

const tar = ['tar', '--sort=name', '--owner=0', '--group=0', '--numeric-owner', '--mtime=@0'] as const;
