import type * as Sdk from '@aws-sdk/client-ecr';
import type { Image as AwsImage, ImageDetail, ImageFailure, ImageIdentifier } from '@aws-sdk/client-ecr';
import type { Env, OperationTable, Scope } from '../../../control/service.ts';
import { failure, imageNotFound, invalidParameter } from '../errors.ts';
import { findImage, imagesOf, notePull } from '../images/find.ts';
import type { TaggedImage } from '../images/find.ts';
import { putImage } from '../images/put.ts';
import { removeImage } from '../images/remove.ts';
import { requireRepository } from '../lookups.ts';
import { page } from '../paging.ts';
import type { Image, Repository } from '../records.ts';
import { readBlob } from '../storage/blobs.ts';
import { arnsOf } from './repositories.ts';

const MOST_IDS = 100;
const REASONS = {
  ImageNotFound: 'Requested image not found',
  ImageTagDoesNotMatchDigest: 'Requested image tag does not map to the requested digest',
  MissingDigestAndTag: 'Neither image digest nor image tag was specified',
};

function checkIds(ids: ImageIdentifier[] | undefined): ImageIdentifier[] {
  if (!ids?.length || ids.length > MOST_IDS) throw invalidParameter('imageIds', `Member must have length between 1 and ${MOST_IDS}`);
  return ids;
}

const byTagStatus = (status: string | undefined) => ({ tags }: TaggedImage) => (status === 'TAGGED' ? tags.length > 0 : status === 'UNTAGGED' ? tags.length === 0 : true);

const detail = (scope: Scope, { name }: Repository, image: Image, tags: string[]): ImageDetail => ({
  registryId: scope.account,
  repositoryName: name,
  imageDigest: image.digest,
  ...(tags.length ? { imageTags: tags } : {}),
  ...(image.children.length ? {} : { imageSizeInBytes: image.size }),
  imagePushedAt: new Date(image.pushedAt),
  imageManifestMediaType: image.mediaType,
  ...(image.artifactType ? { artifactMediaType: image.artifactType } : {}),
  ...(image.pulledAt ? { lastRecordedPullTime: new Date(image.pulledAt) } : {}),
  ...(image.subject ? { subjectManifestDigest: image.subject } : {}),
  imageStatus: 'ACTIVE',
});

async function manifestOf(env: Env, scope: Scope, { name }: Repository, image: Image, imageId: ImageIdentifier): Promise<AwsImage> {
  const bytes = await readBlob(env, image.digest);
  if (!bytes) throw imageNotFound(scope, name, imageId);
  return { registryId: scope.account, repositoryName: name, imageId, imageManifest: bytes.toString(), imageManifestMediaType: image.mediaType };
}

type Names = 'ListImages' | 'DescribeImages' | 'BatchGetImage' | 'BatchDeleteImage' | 'PutImage' | 'ListImageReferrers';

export const imageOperations: Pick<OperationTable<typeof Sdk>, Names> = {
  ListImages: {
    resources: arnsOf,
    run: async (input, context) => {
      const { value } = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
      const found = (await imagesOf(context, context, value)).filter(byTagStatus(input.filter?.tagStatus));
      const ids = found.flatMap(({ image, tags }): ImageIdentifier[] => (tags.length ? tags.map((imageTag) => ({ imageDigest: image.digest, imageTag })) : [{ imageDigest: image.digest }]));
      const { items, ...more } = page(ids, (id) => `${id.imageDigest} ${id.imageTag ?? ''}`, input);
      return { imageIds: items, ...more };
    },
  },

  DescribeImages: {
    resources: arnsOf,
    run: async (input, context) => {
      const { value } = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
      const all = await imagesOf(context, context, value);
      if (input.imageIds?.length) {
        const digests = await Promise.all(checkIds(input.imageIds).map(async (id) => {
          const found = await findImage(context, context, value, id);
          if (typeof found === 'string') throw imageNotFound(context, value.name, id);
          return found.id.imageDigest;
        }));
        return { imageDetails: all.filter(({ image }) => digests.includes(image.digest)).map(({ image, tags }) => detail(context, value, image, tags)) };
      }
      const { items, ...more } = page(all.filter(byTagStatus(input.filter?.tagStatus)), ({ image }) => image.digest, input);
      return { imageDetails: items.map(({ image, tags }) => detail(context, value, image, tags)), ...more };
    },
  },

  BatchGetImage: {
    resources: arnsOf,
    run: async (input, context) => {
      const { value } = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
      const images: AwsImage[] = [];
      const failures: ImageFailure[] = [];
      for (const imageId of checkIds(input.imageIds)) {
        const found = await findImage(context, context, value, imageId);
        if (typeof found === 'string') failures.push({ imageId, failureCode: found, failureReason: REASONS[found] });
        else {
          images.push(await manifestOf(context, context, value, found.entry.value, found.id));
          await notePull(context, found.entry);
        }
      }
      return { images, failures };
    },
  },

  BatchDeleteImage: {
    resources: arnsOf,
    run: async (input, context) => {
      const name = input.repositoryName ?? '';
      const imageIds: ImageIdentifier[] = [];
      const failures: ImageFailure[] = [];
      await requireRepository(context, context, name, input.registryId);
      for (const imageId of checkIds(input.imageIds)) {
        const removal = await removeImage(context, context, name, imageId, input.registryId);
        if (removal.ok) imageIds.push(...removal.ids);
        else failures.push({ imageId, failureCode: removal.code, failureReason: removal.reason });
      }
      return { imageIds, failures };
    },
  },

  PutImage: {
    resources: arnsOf,
    run: async (input, context) => {
      const { image, existed } = await putImage(context, context, input.repositoryName ?? '', {
        bytes: Buffer.from(input.imageManifest ?? ''),
        ...(input.imageManifestMediaType ? { mediaType: input.imageManifestMediaType } : {}),
        ...(input.imageTag ? { tag: input.imageTag } : {}),
        ...(input.imageDigest ? { digest: input.imageDigest } : {}),
      }, input.registryId);
      const imageId = { imageDigest: image.digest, ...(input.imageTag ? { imageTag: input.imageTag } : {}) };
      if (existed) {
        const which = `Image with digest '${image.digest}'${input.imageTag ? ` and tag '${input.imageTag}'` : ''}`;
        throw failure('ImageAlreadyExistsException', `${which} already exists in the repository with name '${input.repositoryName}' in registry with id '${context.account}'`);
      }
      return { image: { registryId: context.account, repositoryName: input.repositoryName!, imageId, imageManifest: input.imageManifest!, imageManifestMediaType: image.mediaType } };
    },
  },

  ListImageReferrers: {
    resources: arnsOf,
    run: async (input, context) => {
      const { value } = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
      const types = input.filter?.artifactTypes ?? [];
      const found = (await imagesOf(context, context, value)).map(({ image }) => image)
        .filter((image) => image.subject === input.subjectId?.imageDigest && (!types.length || types.includes(image.artifactType ?? '')));
      const { items, ...more } = page(found, (image) => image.digest, input);
      return {
        referrers: items.map((image) => ({
          digest: image.digest, mediaType: image.mediaType, size: image.manifestSize, artifactStatus: 'ACTIVE' as const,
          ...(image.artifactType ? { artifactType: image.artifactType } : {}), ...(image.annotations ? { annotations: image.annotations } : {}),
        })),
        ...more,
      };
    },
  },
};
