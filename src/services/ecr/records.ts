import { collection } from '../../control/collection.ts';

/** What ECR keeps in the store. Bytes of layers and manifests lie beside it, by digest (`storage/blobs.ts`). */

export interface Repository {
  name: string;
  arn: string;
  /** Names may come back after a deletion: what hangs on a repository is kept under this. 16 hexadecimal digits. */
  id: string;
  createdAt: string;
  imageTagMutability: Mutability;
  /** Wildcards of tags that are the other way round. */
  mutabilityExclusions: string[];
  scanOnPush: boolean;
  /** JSON, as it was given. */
  policyText?: string;
  lifecycle?: { text: string; evaluatedAt?: string };
  lifecyclePreview?: { text: string; at: string };
  tags: Record<string, string>;
}

export type Mutability = 'MUTABLE' | 'IMMUTABLE' | 'MUTABLE_WITH_EXCLUSION' | 'IMMUTABLE_WITH_EXCLUSION';

export interface Image {
  digest: string;
  mediaType: string;
  /** Of its config, or as its manifest names it. */
  artifactType?: string;
  annotations?: Record<string, string>;
  /** Bytes of its config and layers. */
  size: number;
  manifestSize: number;
  pushedAt: string;
  pulledAt?: string;
  /** Digests of its config and layers. */
  layers: string[];
  /** Digests of the images of an index. */
  children: string[];
  /** The image that it is about: a signature, an SBOM. */
  subject?: string;
}

/** A blob that may be read in a repository. */
export interface Layer {
  size: number;
  mediaType?: string;
  uploadedAt: string;
}

export interface Upload {
  startedAt: string;
}

/** Signs registry tokens and download links. */
export interface SigningKey {
  hex: string;
}

export const repositories = collection<Repository>('ecr/repository');
/** All by the repository's id, then by digest, tag or upload id. */
export const images = collection<Image>('ecr/image');
export const imageTags = collection<string>('ecr/image-tag');
export const layers = collection<Layer>('ecr/layer');
export const uploads = collection<Upload>('ecr/upload');
/** One record: the key that signs registry tokens. */
export const signingKeys = collection<SigningKey>('ecr/signing-key');

export const IMAGE_TYPES = {
  dockerManifest: 'application/vnd.docker.distribution.manifest.v2+json',
  dockerList: 'application/vnd.docker.distribution.manifest.list.v2+json',
  ociManifest: 'application/vnd.oci.image.manifest.v1+json',
  ociIndex: 'application/vnd.oci.image.index.v1+json',
} as const;
