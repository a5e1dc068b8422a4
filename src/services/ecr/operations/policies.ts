import type * as Sdk from '@aws-sdk/client-ecr';
import type { LifecyclePolicyPreviewResult } from '@aws-sdk/client-ecr';
import type { OperationTable } from '../../../control/service.ts';
import { failure, lifecyclePolicyNotFound, repositoryPolicyNotFound } from '../errors.ts';
import { imagesOf } from '../images/find.ts';
import { expired } from '../lifecycle/evaluate.ts';
import { parseLifecyclePolicy } from '../lifecycle/policy.ts';
import { requireRepository } from '../lookups.ts';
import { page } from '../paging.ts';
import { checkRepositoryPolicy } from '../policy.ts';
import { arnsOf, updateRepository } from './repositories.ts';

type Names =
  | 'SetRepositoryPolicy' | 'GetRepositoryPolicy' | 'DeleteRepositoryPolicy' | 'PutLifecyclePolicy' | 'GetLifecyclePolicy' | 'DeleteLifecyclePolicy'
  | 'StartLifecyclePolicyPreview' | 'GetLifecyclePolicyPreview';

export const policyOperations: Pick<OperationTable<typeof Sdk>, Names> = {
  SetRepositoryPolicy: {
    resources: arnsOf,
    run: async (input, context) => {
      const policyText = checkRepositoryPolicy(input.policyText ?? '');
      const { name } = await updateRepository(context, input, (repository) => ({ ...repository, policyText }));
      return { registryId: context.account, repositoryName: name, policyText };
    },
  },

  GetRepositoryPolicy: {
    resources: arnsOf,
    run: async (input, context) => {
      const { value } = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
      if (value.policyText === undefined) throw repositoryPolicyNotFound(context, value.name);
      return { registryId: context.account, repositoryName: value.name, policyText: value.policyText };
    },
  },

  DeleteRepositoryPolicy: {
    resources: arnsOf,
    run: async (input, context) => {
      let policyText: string | undefined;
      const { name } = await updateRepository(context, input, ({ policyText: found, ...repository }) => {
        policyText = found;
        return repository;
      });
      if (policyText === undefined) throw repositoryPolicyNotFound(context, name);
      return { registryId: context.account, repositoryName: name, policyText };
    },
  },

  PutLifecyclePolicy: {
    resources: arnsOf,
    run: async (input, context) => {
      const text = input.lifecyclePolicyText ?? '';
      parseLifecyclePolicy(text);
      const { name } = await updateRepository(context, input, (repository) => ({ ...repository, lifecycle: { text } }));
      return { registryId: context.account, repositoryName: name, lifecyclePolicyText: text };
    },
  },

  GetLifecyclePolicy: {
    resources: arnsOf,
    run: async (input, context) => {
      const { value } = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
      if (!value.lifecycle) throw lifecyclePolicyNotFound(context, value.name);
      const { text, evaluatedAt } = value.lifecycle;
      return { registryId: context.account, repositoryName: value.name, lifecyclePolicyText: text, ...(evaluatedAt ? { lastEvaluatedAt: new Date(evaluatedAt) } : {}) };
    },
  },

  DeleteLifecyclePolicy: {
    resources: arnsOf,
    run: async (input, context) => {
      let gone: { text: string; evaluatedAt?: string } | undefined;
      const { name } = await updateRepository(context, input, ({ lifecycle, ...repository }) => {
        gone = lifecycle;
        return repository;
      });
      if (!gone) throw lifecyclePolicyNotFound(context, name);
      return { registryId: context.account, repositoryName: name, lifecyclePolicyText: gone.text, ...(gone.evaluatedAt ? { lastEvaluatedAt: new Date(gone.evaluatedAt) } : {}) };
    },
  },

  /** The preview itself is made when it is read: it takes no time here. */
  StartLifecyclePolicyPreview: {
    resources: arnsOf,
    run: async (input, context) => {
      const { value } = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
      const text = input.lifecyclePolicyText ?? value.lifecycle?.text;
      if (text === undefined) throw lifecyclePolicyNotFound(context, value.name);
      parseLifecyclePolicy(text);
      await updateRepository(context, input, (repository) => ({ ...repository, lifecyclePreview: { text, at: context.now().toISOString() } }));
      return { registryId: context.account, repositoryName: value.name, lifecyclePolicyText: text, status: 'IN_PROGRESS' };
    },
  },

  GetLifecyclePolicyPreview: {
    resources: arnsOf,
    run: async (input, context) => {
      const { value } = await requireRepository(context, context, input.repositoryName ?? '', input.registryId);
      if (!value.lifecyclePreview) {
        throw failure('LifecyclePolicyPreviewNotFoundException', `There is no dry run for this repository: '${value.name}' in the registry with id '${context.account}'`);
      }
      const { text, at } = value.lifecyclePreview;
      const going = expired(parseLifecyclePolicy(text), await imagesOf(context, context, value), new Date(at));
      const results = going.map(({ image, tags, appliedRulePriority }): LifecyclePolicyPreviewResult => ({
        imageDigest: image.digest, ...(tags.length ? { imageTags: tags } : {}), imagePushedAt: new Date(image.pushedAt), action: { type: 'EXPIRE' }, appliedRulePriority,
      }));
      const { items, ...more } = page(results, (result) => result.imageDigest ?? '', input);
      return { registryId: context.account, repositoryName: value.name, lifecyclePolicyText: text, status: 'COMPLETE', previewResults: items, summary: { expiringImageTotalCount: results.length }, ...more };
    },
  },
};
