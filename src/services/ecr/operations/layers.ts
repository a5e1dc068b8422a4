import type * as Sdk from '@aws-sdk/client-ecr';
import type { Layer as AwsLayer, LayerFailure } from '@aws-sdk/client-ecr';
import type { OperationTable } from '../../../control/service.ts';
import { failure, invalidParameter } from '../errors.ts';
import { requireRepository } from '../lookups.ts';
import { DIGEST_PATTERN, registryHost } from '../naming.ts';
import { layers } from '../records.ts';
import { append, completeUpload, receivedBytes, startUpload } from '../storage/uploads.ts';
import { layerLink } from '../token.ts';
import { arnsOf } from './repositories.ts';

/** What AWS answers: 20 MiB. */
const PART_BYTES = 20_971_520;
const MOST_DIGESTS = 100;

type Names = 'BatchCheckLayerAvailability' | 'InitiateLayerUpload' | 'UploadLayerPart' | 'CompleteLayerUpload' | 'GetDownloadUrlForLayer';

/** The API under the registry: what a registry client of AWS's own uses. */
export const layerOperations: Pick<OperationTable<typeof Sdk>, Names> = {
  BatchCheckLayerAvailability: {
    resources: arnsOf,
    run: async (input, context) => {
      const { value } = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
      const digests = input.layerDigests ?? [];
      if (!digests.length || digests.length > MOST_DIGESTS) throw invalidParameter('layerDigests', `Member must have length between 1 and ${MOST_DIGESTS}`);
      const found: AwsLayer[] = [];
      const failures: LayerFailure[] = [];
      for (const layerDigest of digests) {
        if (!DIGEST_PATTERN.test(layerDigest)) {
          failures.push({ layerDigest, failureCode: 'InvalidLayerDigest', failureReason: `Invalid layer digest '${layerDigest}'` });
          continue;
        }
        const layer = (await layers.get(context.store, context, value.id, layerDigest))?.value;
        found.push(layer
          ? { layerDigest, layerAvailability: 'AVAILABLE', layerSize: layer.size, ...(layer.mediaType ? { mediaType: layer.mediaType } : {}) }
          : { layerDigest, layerAvailability: 'UNAVAILABLE' });
      }
      return { layers: found, failures };
    },
  },

  InitiateLayerUpload: {
    resources: arnsOf,
    run: async (input, context) => {
      const repository = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
      return { uploadId: await startUpload(context, context, repository), partSize: PART_BYTES };
    },
  },

  UploadLayerPart: {
    resources: arnsOf,
    run: async (input, context) => {
      const repository = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
      const { uploadId = '', partFirstByte = 0, partLastByte = 0, layerPartBlob = new Uint8Array() } = input;
      if (partLastByte - partFirstByte + 1 !== layerPartBlob.length) throw invalidParameter('partLastByte', 'must be the first byte and the length of the part, less one');
      const received = await append(context, context, repository, uploadId, layerPartBlob, partFirstByte);
      return { registryId: context.account, repositoryName: repository.value.name, uploadId, lastByteReceived: received - 1 };
    },
  },

  CompleteLayerUpload: {
    resources: arnsOf,
    run: async (input, context) => {
      const repository = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
      const { uploadId = '', layerDigests: [digest = ''] = [] } = input;
      if (!DIGEST_PATTERN.test(digest)) throw invalidParameter('layerDigests', "must satisfy regular expression '[a-zA-Z0-9-_+.]+:[a-fA-F0-9]+'");
      if ((await receivedBytes(context, context, repository, uploadId)) === 0) throw failure('EmptyUploadException', `The upload with id '${uploadId}' has no parts`);
      if (await layers.get(context.store, context, repository.value.id, digest)) {
        throw failure('LayerAlreadyExistsException', `Layer with digest '${digest}' already exists in the repository with name '${repository.value.name}' in the registry with id '${context.account}'`);
      }
      await completeUpload(context, context, repository, uploadId, digest);
      return { registryId: context.account, repositoryName: repository.value.name, uploadId, layerDigest: digest };
    },
  },

  GetDownloadUrlForLayer: {
    resources: arnsOf,
    run: async (input, context) => {
      const { value } = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
      const digest = input.layerDigest ?? '';
      if (!(await layers.get(context.store, context, value.id, digest))) {
        throw failure('LayerInaccessibleException', `The layer with digest '${digest}' does not exist in the repository with name '${value.name}' in the registry with id '${context.account}'`);
      }
      return { downloadUrl: `http://${registryHost(context, context)}/v2/${value.name}/blobs/${digest}?${await layerLink(context, context, value.id, digest)}`, layerDigest: digest };
    },
  },
};
