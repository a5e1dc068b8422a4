import type * as Sdk from '@aws-sdk/client-ecr';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { invalidParameter } from '../errors.ts';
import { requireRepository } from '../lookups.ts';
import { registryHost, repositoryArn } from '../naming.ts';
import { makeToken } from '../token.ts';
import { tagsFrom, updateRepository } from './repositories.ts';

type Names = 'GetAuthorizationToken' | 'DescribeRegistry' | 'GetRegistryScanningConfiguration' | 'ListTagsForResource' | 'TagResource' | 'UntagResource';

const arns = (input: { resourceArn: string | undefined }) => [input.resourceArn ?? ''];

function nameIn(arn: string | undefined, context: RequestContext): string {
  const prefix = repositoryArn(context, '');
  if (!arn?.startsWith(prefix)) throw invalidParameter('resourceArn', 'must be the ARN of a repository');
  return arn.slice(prefix.length);
}

export const registryOperations: Pick<OperationTable<typeof Sdk>, Names> = {
  async GetAuthorizationToken(_input, context) {
    const { token, expiresAt } = await makeToken(context, context.principal);
    const authorizationToken = Buffer.from(`AWS:${token}`).toString('base64');
    return { authorizationData: [{ authorizationToken, expiresAt, proxyEndpoint: `http://${registryHost(context, context)}` }] };
  },

  DescribeRegistry: (_input, context) => ({ registryId: context.account, replicationConfiguration: { rules: [] } }),

  /** Its default, which cannot be changed yet. */
  GetRegistryScanningConfiguration: (_input, context) => ({ registryId: context.account, scanningConfiguration: { scanType: 'BASIC', rules: [] } }),

  ListTagsForResource: {
    resources: arns,
    run: async (input, context) => {
      const { value } = await requireRepository(context, context, nameIn(input.resourceArn, context));
      return { tags: Object.entries(value.tags).map(([Key, Value]) => ({ Key, Value })) };
    },
  },

  TagResource: {
    resources: arns,
    run: async (input, context) => {
      await updateRepository(context, { repositoryName: nameIn(input.resourceArn, context) }, (repository) => ({ ...repository, tags: tagsFrom(input.tags, repository.tags) }));
      return {};
    },
  },

  UntagResource: {
    resources: arns,
    run: async (input, context) => {
      const without = (tags: Record<string, string>) => Object.fromEntries(Object.entries(tags).filter(([key]) => !input.tagKeys?.includes(key)));
      await updateRepository(context, { repositoryName: nameIn(input.resourceArn, context) }, (repository) => ({ ...repository, tags: without(repository.tags) }));
      return {};
    },
  },
};
