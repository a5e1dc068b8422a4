import type * as Sdk from '@aws-sdk/client-ecr';
import type { CreateRepositoryRequest, ImageTagMutability, ImageTagMutabilityExclusionFilter, Repository as AwsRepository, Tag } from '@aws-sdk/client-ecr';
import type { Env, OperationTable, RequestContext, Scope } from '../../../control/service.ts';
import { failure, invalidParameter, repositoryNotFound } from '../errors.ts';
import { imagesOf } from '../images/find.ts';
import { requireRepository, transact } from '../lookups.ts';
import { checkRepositoryName, registryHost, repositoryArn } from '../naming.ts';
import { page } from '../paging.ts';
import { imageTags, images, layers, repositories, uploads } from '../records.ts';
import type { Mutability, Repository } from '../records.ts';

const MOST_TAGS = 50;
const MOST_EXCLUSIONS = 5;

export const arnsOf = (input: { repositoryName: string | undefined }, context: RequestContext) => [repositoryArn(context, input.repositoryName ?? '')];

const exclusionFilters = ({ mutabilityExclusions }: Repository): { imageTagMutabilityExclusionFilters?: ImageTagMutabilityExclusionFilter[] } =>
  mutabilityExclusions.length ? { imageTagMutabilityExclusionFilters: mutabilityExclusions.map((filter) => ({ filterType: 'WILDCARD', filter })) } : {};

const answer = (env: Env, scope: Scope, repository: Repository): AwsRepository => ({
  repositoryArn: repository.arn,
  registryId: scope.account,
  repositoryName: repository.name,
  repositoryUri: `${registryHost(env, scope)}/${repository.name}`,
  createdAt: new Date(repository.createdAt),
  imageTagMutability: repository.imageTagMutability,
  ...exclusionFilters(repository),
  imageScanningConfiguration: { scanOnPush: repository.scanOnPush },
  encryptionConfiguration: { encryptionType: 'AES256' },
});

function mutability(wanted: ImageTagMutability | undefined, filters: ImageTagMutabilityExclusionFilter[] = []): Pick<Repository, 'imageTagMutability' | 'mutabilityExclusions'> {
  const imageTagMutability: Mutability = wanted ?? 'MUTABLE';
  if (!['MUTABLE', 'IMMUTABLE', 'MUTABLE_WITH_EXCLUSION', 'IMMUTABLE_WITH_EXCLUSION'].includes(imageTagMutability)) {
    throw invalidParameter('imageTagMutability', 'Member must satisfy enum value set: [MUTABLE, IMMUTABLE, IMMUTABLE_WITH_EXCLUSION, MUTABLE_WITH_EXCLUSION]');
  }
  if (imageTagMutability.endsWith('_WITH_EXCLUSION') !== filters.length > 0) throw invalidParameter('imageTagMutabilityExclusionFilters', 'filters must be given with, and only with, a mutability that ends in _WITH_EXCLUSION');
  if (filters.length > MOST_EXCLUSIONS) throw invalidParameter('imageTagMutabilityExclusionFilters', `must have length less than or equal to ${MOST_EXCLUSIONS}`);
  for (const { filter } of filters) if (!/^[0-9a-zA-Z._*-]{1,128}$/.test(filter ?? '')) throw invalidParameter('filter', "must satisfy regular expression '^[0-9a-zA-Z._*-]{1,128}$'");
  return { imageTagMutability, mutabilityExclusions: filters.map(({ filter }) => filter ?? '') };
}

export function tagsFrom(list: Tag[] | undefined, current: Record<string, string> = {}): Record<string, string> {
  for (const { Key = '', Value = '' } of list ?? []) {
    if (Key === '' || Key.length > 128 || Value.length > 256 || Key.toLowerCase().startsWith('aws:')) throw failure('InvalidTagParameterException', `The tag '${Key}' is not valid`);
  }
  const tags = { ...current, ...Object.fromEntries((list ?? []).map(({ Key = '', Value = '' }) => [Key, Value])) };
  if (Object.keys(tags).length > MOST_TAGS) throw failure('TooManyTagsException', `The list of tags on the repository is over the limit. The maximum number of tags that can be applied to a repository is ${MOST_TAGS}.`);
  return tags;
}

async function create(env: Env, scope: Scope, input: CreateRepositoryRequest): Promise<Repository> {
  const name = checkRepositoryName(input.repositoryName ?? '');
  if (input.registryId !== undefined && input.registryId !== scope.account) throw invalidParameter('registryId', 'must be the registry of the caller');
  const encryption = input.encryptionConfiguration?.encryptionType ?? 'AES256';
  if (encryption !== 'AES256') throw failure('InvalidParameterException', `The encryption type '${encryption}' is not implemented in Gantry`);
  const repository: Repository = {
    name, arn: repositoryArn(scope, name), id: env.randomHex(16), createdAt: env.now().toISOString(), tags: tagsFrom(input.tags),
    ...mutability(input.imageTagMutability, input.imageTagMutabilityExclusionFilters), scanOnPush: input.imageScanningConfiguration?.scanOnPush ?? false,
  };
  const commit = await env.store.commit([repositories.put(repositories.key(scope, name), repository, 0)]);
  if (!commit.ok) throw failure('RepositoryAlreadyExistsException', `The repository with name '${name}' already exists in the registry with id '${scope.account}'`);
  return repository;
}

/** In one commit with everything in it; the bytes are the garbage collector's. */
async function remove(env: Env, scope: Scope, name: string, registryId: string | undefined, force: boolean): Promise<Repository> {
  return transact(env, async () => {
    const { key, value, revision } = await requireRepository(env, scope, name, registryId);
    if (!force && (await imagesOf(env, scope, value)).length) {
      throw failure('RepositoryNotEmptyException', `The repository with name '${name}' in registry with id '${scope.account}' cannot be deleted because it still contains images`);
    }
    const inside = await Promise.all([images, imageTags, layers, uploads].map((kind) => env.store.list(kind.under(scope, value.id))));
    return { changes: [{ delete: key, expect: revision }, ...inside.flatMap(({ entries }) => entries.map((entry) => ({ delete: entry.key })))], result: value };
  });
}

export async function updateRepository(context: RequestContext, input: { repositoryName: string | undefined; registryId?: string | undefined }, change: (current: Repository) => Repository): Promise<Repository> {
  const { key } = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
  const next = await repositories.update(context.store, key, change);
  if (!next) throw repositoryNotFound(context.account, input.repositoryName ?? '');
  return next;
}

type Names = 'CreateRepository' | 'DescribeRepositories' | 'DeleteRepository' | 'PutImageTagMutability' | 'PutImageScanningConfiguration';

export const repositoryOperations: Pick<OperationTable<typeof Sdk>, Names> = {
  CreateRepository: {
    resources: arnsOf,
    run: async (input, context) => ({ repository: answer(context, context, await create(context, context, input)) }),
  },

  DescribeRepositories: {
    resources: (input, context) => (input.repositoryNames?.length ? input.repositoryNames : ['*']).map((name) => repositoryArn(context, name)),
    run: async (input, context) => {
      if (input.repositoryNames?.length) {
        const found = await Promise.all(input.repositoryNames.map((name) => requireRepository(context, context, name, input.registryId)));
        return { repositories: found.map(({ value }) => answer(context, context, value)) };
      }
      const all = input.registryId === undefined || input.registryId === context.account ? (await repositories.list(context.store, context)).map(({ value }) => value) : [];
      const { items, ...more } = page(all, (repository) => repository.name, input);
      return { repositories: items.map((repository) => answer(context, context, repository)), ...more };
    },
  },

  DeleteRepository: {
    resources: arnsOf,
    run: async (input, context) => ({ repository: answer(context, context, await remove(context, context, input.repositoryName ?? '', input.registryId, input.force ?? false)) }),
  },

  PutImageTagMutability: {
    resources: arnsOf,
    run: async (input, context) => {
      const wanted = mutability(input.imageTagMutability, input.imageTagMutabilityExclusionFilters);
      const next = await updateRepository(context, input, (repository) => ({ ...repository, ...wanted }));
      return { registryId: context.account, repositoryName: next.name, imageTagMutability: next.imageTagMutability, ...exclusionFilters(next) };
    },
  },

  PutImageScanningConfiguration: {
    resources: arnsOf,
    run: async (input, context) => {
      const next = await updateRepository(context, input, (repository) => ({ ...repository, scanOnPush: input.imageScanningConfiguration?.scanOnPush ?? false }));
      return { registryId: context.account, repositoryName: next.name, imageScanningConfiguration: { scanOnPush: next.scanOnPush } };
    },
  },
};
