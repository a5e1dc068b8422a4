import type { RequestContext } from '../../../control/service.ts';
import { policyArn } from '../arns.ts';
import { deleteConflict, entityAlreadyExists, invalidInput, limitExceeded, malformedPolicyDocument, noSuchEntity, quotaExceeded } from '../errors.ts';
import { uniqueId, toSeconds } from '../ids.ts';
import { findPolicy, policyWithArn } from '../lookups.ts';
import { type AwsManagedPolicy, awsManagedPolicies } from '../managed/index.ts';
import { faultOfIdentityPolicy } from '../policy/validate.ts';
import { globally, type ManagedPolicy, nameKey, policies } from '../records.ts';
import { checkName, checkPath, encoded, type Family, page, tagsFrom, transact } from './common.ts';
import { awsPolicyShape, policyDetail, policyShape, versionShape } from './shapes.ts';
import { newPolicy, onPolicy } from './targets.ts';
import { identities, usageOf } from './usage.ts';

const MOST_VERSIONS = 5;
const MOST_CHARACTERS = 6144;

function checkDocument(document = ''): string {
  const fault = faultOfIdentityPolicy(document);
  if (fault) throw malformedPolicyDocument(fault);
  if (document.replace(/\s/g, '').length > MOST_CHARACTERS) throw quotaExceeded('PolicySize', MOST_CHARACTERS);
  return document;
}

/** A policy that may be changed: the account's own. */
async function ownPolicy(context: RequestContext, arn = '') {
  if (awsManagedPolicies.has(arn)) throw invalidInput(`The policy ${arn} is managed by AWS and cannot be changed.`);
  return policyWithArn(context, context, arn);
}

const noVersion = (arn: string, version: string) => noSuchEntity(`Policy ${arn} version ${version} does not exist or is not attachable.`);

export const policyOperations = {
  CreatePolicy: {
    ...newPolicy,
    async run(input, context) {
      const name = checkName(input.PolicyName, 'policyName', 128);
      const scope = globally(context);
      const now = toSeconds(context.now());
      const policy: ManagedPolicy = {
        name, id: uniqueId(context, 'ANPA'), path: checkPath(input.Path), createdAt: now, updatedAt: now, tags: tagsFrom(input.Tags),
        versions: [{ id: 'v1', document: checkDocument(input.PolicyDocument), createdAt: now }], defaultVersion: 'v1', nextVersion: 2,
        ...(input.Description ? { description: input.Description } : {}),
      };
      return transact(context, async () => {
        if (await policies.get(context.store, scope, nameKey(name))) throw entityAlreadyExists(`A policy called ${name} already exists. Duplicate names are not allowed.`);
        return { changes: [policies.put(policies.key(scope, nameKey(name)), policy, 0)], result: { Policy: policyDetail(context.account, policy, { attached: 0, bounding: 0 }) } };
      });
    },
  },

  GetPolicy: {
    ...onPolicy,
    async run({ PolicyArn: arn = '' }, context) {
      const usage = usageOf(await identities(context))(arn);
      const aws = awsManagedPolicies.get(arn);
      return { Policy: aws ? { ...awsPolicyShape(aws, usage), Tags: [] } : policyDetail(context.account, (await policyWithArn(context, context, arn)).value, usage) };
    },
  },

  ListPolicies: {
    resources: ({ PathPrefix = '/' }) => [`policy path ${PathPrefix}`],
    async run(input, context) {
      const usage = usageOf(await identities(context));
      const scope = input.Scope ?? 'All';
      const own = scope === 'AWS' ? [] : (await policies.list(context.store, globally(context))).map(({ value }) => value);
      const aws = scope === 'Local' ? [] : [...awsManagedPolicies.values()];
      const shapes = [
        ...own.map((policy) => policyShape(context.account, policy, usage(policyArn(context.account, policy)))),
        ...aws.map((policy: AwsManagedPolicy) => awsPolicyShape(policy, usage(policy.arn))),
      ].filter(({ Path, AttachmentCount, PermissionsBoundaryUsageCount }) => Path.startsWith(input.PathPrefix ?? '/') &&
        (!input.OnlyAttached || (input.PolicyUsageFilter === 'PermissionsBoundary' ? PermissionsBoundaryUsageCount : AttachmentCount) > 0) &&
        (input.PolicyUsageFilter !== 'PermissionsBoundary' || PermissionsBoundaryUsageCount > 0));
      const { items, ...rest } = page(shapes, input, ({ Arn }) => Arn);
      return { Policies: items, ...rest };
    },
  },

  DeletePolicy: {
    ...onPolicy,
    run: (input, context) => transact(context, async () => {
      const { key, value, revision } = await ownPolicy(context, input.PolicyArn);
      const { attached, bounding } = usageOf(await identities(context))(input.PolicyArn ?? '');
      if (attached) throw deleteConflict('Cannot delete a policy attached to entities.');
      if (bounding) throw deleteConflict('Cannot delete a policy used as a permissions boundary.');
      if (value.versions.length > 1) {
        throw deleteConflict("This policy has more than one version. Before you delete a policy, you must delete the policy's versions. The default version is deleted with the policy.");
      }
      return { changes: [{ delete: key, expect: revision }], result: {} };
    }),
  },

  CreatePolicyVersion: {
    ...onPolicy,
    run: (input, context) => transact(context, async () => {
      const { key, value, revision } = await ownPolicy(context, input.PolicyArn);
      if (value.versions.length >= MOST_VERSIONS) {
        throw limitExceeded('A managed policy can have up to 5 versions. Before you create a new version, you must delete an existing version.');
      }
      const now = toSeconds(context.now());
      const version = { id: `v${value.nextVersion}`, document: checkDocument(input.PolicyDocument), createdAt: now };
      const next: ManagedPolicy = {
        ...value, versions: [...value.versions, version], nextVersion: value.nextVersion + 1, updatedAt: now,
        defaultVersion: input.SetAsDefault ? version.id : value.defaultVersion,
      };
      return { changes: [policies.put(key, next, revision)], result: { PolicyVersion: versionShape(next, version) } };
    }),
  },

  GetPolicyVersion: {
    ...onPolicy,
    async run({ PolicyArn: arn = '', VersionId: id = '' }, context) {
      const aws = awsManagedPolicies.get(arn);
      if (aws) {
        if (aws.version !== id) throw noVersion(arn, id);
        return { PolicyVersion: { Document: encoded(aws.document), VersionId: id, IsDefaultVersion: true, CreateDate: new Date(aws.updateDate) } };
      }
      const policy = (await findPolicy(context, context, arn))?.value;
      const version = policy?.versions.find((one) => one.id === id);
      if (!policy || !version) throw noVersion(arn, id);
      return { PolicyVersion: { Document: encoded(version.document), ...versionShape(policy, version) } };
    },
  },

  ListPolicyVersions: {
    ...onPolicy,
    async run(input, context) {
      const aws = awsManagedPolicies.get(input.PolicyArn ?? '');
      if (aws) return { Versions: [{ VersionId: aws.version, IsDefaultVersion: true, CreateDate: new Date(aws.updateDate) }], IsTruncated: false };
      const { value: policy } = await policyWithArn(context, context, input.PolicyArn ?? '');
      const { items, ...rest } = page(policy.versions.toReversed(), input, ({ id }) => id);
      return { Versions: items.map((version) => versionShape(policy, version)), ...rest };
    },
  },

  SetDefaultPolicyVersion: {
    ...onPolicy,
    run: (input, context) => transact(context, async () => {
      const { key, value, revision } = await ownPolicy(context, input.PolicyArn);
      const id = input.VersionId ?? '';
      if (!value.versions.some((version) => version.id === id)) throw noVersion(input.PolicyArn ?? '', id);
      return { changes: [policies.put(key, { ...value, defaultVersion: id, updatedAt: toSeconds(context.now()) }, revision)], result: {} };
    }),
  },

  DeletePolicyVersion: {
    ...onPolicy,
    run: (input, context) => transact(context, async () => {
      const { key, value, revision } = await ownPolicy(context, input.PolicyArn);
      const id = input.VersionId ?? '';
      if (!value.versions.some((version) => version.id === id)) throw noVersion(input.PolicyArn ?? '', id);
      if (value.defaultVersion === id) throw deleteConflict('Cannot delete the default version of a policy.');
      return { changes: [policies.put(key, { ...value, versions: value.versions.filter((version) => version.id !== id) }, revision)], result: {} };
    }),
  },
} satisfies Family;
