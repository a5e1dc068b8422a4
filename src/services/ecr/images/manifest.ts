import { failure } from '../errors.ts';
import { DIGEST_PATTERN } from '../naming.ts';
import { IMAGE_TYPES } from '../records.ts';
import type { Image } from '../records.ts';

/** What ECR reads in a manifest: https://github.com/opencontainers/image-spec/blob/v1.1.0/manifest.md and Docker's schema 2. */
export type ParsedManifest = Pick<Image, 'mediaType' | 'artifactType' | 'annotations' | 'size' | 'layers' | 'children' | 'subject'>;

interface Descriptor {
  mediaType?: string;
  digest: string;
  size: number;
  /** Foreign layers are fetched from here, not from the registry. */
  urls?: string[];
}

export const MOST_MANIFEST_BYTES = 4 * 1024 * 1024;
const EMPTY_CONFIG = 'application/vnd.oci.empty.v1+json';
const INDEXES: string[] = [IMAGE_TYPES.dockerList, IMAGE_TYPES.ociIndex];
const MANIFESTS: string[] = [IMAGE_TYPES.dockerManifest, IMAGE_TYPES.ociManifest];

/** `declared`: the Content-Type that it came with. Throws InvalidParameterException. */
export function parseManifest(bytes: Uint8Array, declared?: string): ParsedManifest {
  const manifest = objectOf(bytes);
  const own = typeof manifest.mediaType === 'string' ? manifest.mediaType : undefined;
  if (own && declared && own !== declared) throw bad(`the media type '${own}' of the manifest is not the '${declared}' that it was sent as`);
  const mediaType = own ?? declared ?? ('manifests' in manifest ? IMAGE_TYPES.ociIndex : IMAGE_TYPES.ociManifest);
  if (manifest.schemaVersion !== 2) throw bad('schemaVersion must be 2');
  const subject = manifest.subject === undefined ? undefined : descriptor(manifest.subject, 'subject').digest;
  const common = { mediaType, ...(subject ? { subject } : {}), ...(isTexts(manifest.annotations) ? { annotations: manifest.annotations } : {}) };
  const artifactType = typeof manifest.artifactType === 'string' && manifest.artifactType ? manifest.artifactType : undefined;
  if (INDEXES.includes(mediaType)) {
    const children = descriptors(manifest.manifests, 'manifests');
    return { ...common, ...(artifactType ? { artifactType } : {}), size: 0, layers: [], children: children.map((child) => child.digest) };
  }
  if (!MANIFESTS.includes(mediaType)) throw bad(`the media type '${mediaType}' is not supported`);
  const config = descriptor(manifest.config, 'config');
  const blobs = [config, ...descriptors(manifest.layers, 'layers')].filter((layer) => !layer.urls?.length);
  const type = artifactType ?? (config.mediaType === EMPTY_CONFIG ? undefined : config.mediaType);
  const unique = [...new Map(blobs.map((layer) => [layer.digest, layer])).values()];
  return { ...common, ...(type ? { artifactType: type } : {}), size: unique.reduce((sum, layer) => sum + layer.size, 0), layers: unique.map((layer) => layer.digest), children: [] };
}

const bad = (why: string) => failure('InvalidParameterException', `Invalid parameter at 'ImageManifest' failed to satisfy constraint: 'Invalid JSON syntax or manifest: ${why}'`);

function objectOf(bytes: Uint8Array): Record<string, unknown> {
  if (bytes.length > MOST_MANIFEST_BYTES) throw bad(`a manifest has at most ${MOST_MANIFEST_BYTES} bytes`);
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {
    throw bad('it is not JSON');
  }
  throw bad('it is not an object');
}

function descriptor(value: unknown, member: string): Descriptor {
  const found = value as Partial<Descriptor> | undefined;
  if (typeof found !== 'object' || found === null || typeof found.digest !== 'string' || !DIGEST_PATTERN.test(found.digest) || !Number.isSafeInteger(found.size) || found.size! < 0) {
    throw bad(`'${member}' must have a sha256 digest and a size`);
  }
  return { digest: found.digest, size: found.size!, ...(typeof found.mediaType === 'string' ? { mediaType: found.mediaType } : {}), ...(Array.isArray(found.urls) ? { urls: found.urls } : {}) };
}

function descriptors(value: unknown, member: string): Descriptor[] {
  if (!Array.isArray(value)) throw bad(`'${member}' must be a list`);
  return value.map((one) => descriptor(one, member));
}

const isTexts = (value: unknown): value is Record<string, string> =>
  typeof value === 'object' && value !== null && Object.values(value).every((text) => typeof text === 'string');
