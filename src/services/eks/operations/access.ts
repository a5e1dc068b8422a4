import { asService } from '../../../control/as-service.ts';
import { AwsError } from '../../../control/error.ts';
import type { RequestContext } from '../../../control/service.ts';
import { iamOperations, role } from '../../iam/index.ts';
import { checkGroups, checkUsername, newAccessEntry } from '../access/entries.ts';
import { ACCESS_POLICIES, clusterRoleOf } from '../access/policies.ts';
import { clusterArn } from '../arns.ts';
import { invalidParameter, invalidRequest, resourceInUse, resourceNotFound } from '../errors.ts';
import { requireAccessEntry, requireCluster, tokenOf } from '../lookups.ts';
import { page } from '../paging.ts';
import { accessEntries } from '../records.ts';
import type { AssociatedPolicy, Cluster } from '../records.ts';
import { accessEntryShape, policyShape } from '../shapes.ts';
import type { EksOperations } from '../table.ts';
import { checkTags } from '../tags.ts';

const PRINCIPAL = /^arn:aws:iam::\d{12}:(user|role)\/.+$/;
const NAMESPACE = /^[a-z0-9*]([-a-z0-9*]*[a-z0-9*])?$/;

const onCluster = { resources: (input: { clusterName?: string | undefined }, context: RequestContext) => [clusterArn(context, input.clusterName ?? '')] };

/** Access entries exist where the cluster's authentication mode looks at them. */
async function requireApiMode(context: RequestContext, name: string | undefined): Promise<Cluster> {
  const { value } = await requireCluster(context, context, name);
  if (value.authenticationMode === 'CONFIG_MAP') throw invalidRequest("The cluster's authentication mode must be set to one of [API, API_AND_CONFIG_MAP] to perform this operation.");
  return value;
}

async function exists(context: RequestContext, principalArn: string): Promise<boolean> {
  if (principalArn.includes(':role/')) return (await role(context, context, principalArn)) !== undefined;
  const iam = asService(iamOperations, context, context, 'eks.amazonaws.com');
  return iam('GetUser', { UserName: principalArn.split('/').at(-1) }).then(({ User }) => User?.Arn === principalArn, (error: unknown) => {
    if (error instanceof AwsError && error.code === 'NoSuchEntity') return false;
    throw error;
  });
}

export const accessOperations = {
  CreateAccessEntry: {
    ...onCluster,
    async run(input, context) {
      const cluster = await requireApiMode(context, input.clusterName);
      const principalArn = input.principalArn ?? '';
      if (!PRINCIPAL.test(principalArn)) throw invalidParameter('The principalArn parameter format is not valid');
      const made = newAccessEntry(context, cluster.name, {
        principalArn, type: input.type, username: input.username, kubernetesGroups: input.kubernetesGroups, tags: checkTags(input.tags),
      });
      if (!(await exists(context, principalArn))) throw invalidParameter('The specified principalArn is invalid: invalid principal.');
      const entry = { ...made, ...tokenOf(input) };
      const key = accessEntries.key(context, cluster.name, principalArn);
      if (!(await context.store.commit([accessEntries.put(key, entry, 0)])).ok) {
        const before = (await accessEntries.at(context.store, key))?.value;
        if (!before?.clientRequestToken || before.clientRequestToken !== input.clientRequestToken) throw resourceInUse('The specified access entry resource is already in use on this cluster.');
        return { accessEntry: accessEntryShape(before) };
      }
      return { accessEntry: accessEntryShape(entry) };
    },
  },

  DescribeAccessEntry: {
    ...onCluster,
    async run(input, context) {
      const cluster = await requireApiMode(context, input.clusterName);
      return { accessEntry: accessEntryShape((await requireAccessEntry(context, context, cluster.name, input.principalArn)).value) };
    },
  },

  ListAccessEntries: {
    ...onCluster,
    async run(input, context) {
      const cluster = await requireApiMode(context, input.clusterName);
      const found = (await accessEntries.list(context.store, context, cluster.name)).map((entry) => entry.value)
        .filter((entry) => input.associatedPolicyArn === undefined || entry.policies.some(({ policyArn }) => policyArn === input.associatedPolicyArn));
      const { items, nextToken } = page(found.map((entry) => entry.principalArn), (arn) => arn, input);
      return { accessEntries: items, nextToken };
    },
  },

  UpdateAccessEntry: {
    ...onCluster,
    async run(input, context) {
      const cluster = await requireApiMode(context, input.clusterName);
      const { key, value } = await requireAccessEntry(context, context, cluster.name, input.principalArn);
      if (value.type !== 'STANDARD') throw invalidParameter(`The access entry of type ${value.type} cannot be updated.`);
      checkGroups(input.kubernetesGroups);
      const username = input.username === undefined ? value.username : checkUsername(input.username);
      const after = await accessEntries.update(context.store, key, (entry) => ({
        ...entry, username, kubernetesGroups: input.kubernetesGroups ? [...new Set(input.kubernetesGroups)] : entry.kubernetesGroups, modifiedAt: context.now().toISOString(),
      }));
      return { accessEntry: accessEntryShape(after ?? value) };
    },
  },

  DeleteAccessEntry: {
    ...onCluster,
    async run(input, context) {
      const cluster = await requireApiMode(context, input.clusterName);
      const { key } = await requireAccessEntry(context, context, cluster.name, input.principalArn);
      await context.store.commit([{ delete: key }]);
      return {};
    },
  },

  AssociateAccessPolicy: {
    ...onCluster,
    async run(input, context) {
      const cluster = await requireApiMode(context, input.clusterName);
      const { key, value } = await requireAccessEntry(context, context, cluster.name, input.principalArn);
      const policyArn = input.policyArn ?? '';
      if (!clusterRoleOf(policyArn)) throw resourceNotFound(`The specified policyArn could not be found. You can view available access policies with 'list-access-policies'. (${policyArn})`);
      if (value.type !== 'STANDARD') throw invalidRequest(`Access policies cannot be associated to an access entry of type ${value.type}.`);
      const now = context.now().toISOString();
      const scope = scopeOf(input.accessScope);
      let made: AssociatedPolicy = { policyArn, scope, associatedAt: now, modifiedAt: now };
      await accessEntries.update(context.store, key, (entry) => {
        made = { ...made, associatedAt: entry.policies.find((policy) => policy.policyArn === policyArn)?.associatedAt ?? now };
        return { ...entry, policies: [...entry.policies.filter((policy) => policy.policyArn !== policyArn), made] };
      });
      return { clusterName: cluster.name, principalArn: value.principalArn, associatedAccessPolicy: policyShape(made) };
    },
  },

  DisassociateAccessPolicy: {
    ...onCluster,
    async run(input, context) {
      const cluster = await requireApiMode(context, input.clusterName);
      const { key, value } = await requireAccessEntry(context, context, cluster.name, input.principalArn);
      if (!value.policies.some(({ policyArn }) => policyArn === input.policyArn)) throw resourceNotFound('The specified policyArn is not associated with the access entry.');
      await accessEntries.update(context.store, key, (entry) => ({ ...entry, policies: entry.policies.filter(({ policyArn }) => policyArn !== input.policyArn) }));
      return {};
    },
  },

  ListAssociatedAccessPolicies: {
    ...onCluster,
    async run(input, context) {
      const cluster = await requireApiMode(context, input.clusterName);
      const { value } = await requireAccessEntry(context, context, cluster.name, input.principalArn);
      const { items, nextToken } = page(value.policies, ({ policyArn }) => policyArn, input);
      return { clusterName: cluster.name, principalArn: value.principalArn, associatedAccessPolicies: items.map(policyShape), nextToken };
    },
  },

  ListAccessPolicies: (input) => {
    const { items, nextToken } = page(ACCESS_POLICIES, ({ name }) => name, input);
    return { accessPolicies: items, nextToken };
  },
} satisfies EksOperations;

function scopeOf(given: { type?: string | undefined; namespaces?: string[] | undefined } | undefined): AssociatedPolicy['scope'] {
  if (given?.type === 'namespace') {
    const namespaces = [...new Set(given.namespaces)];
    if (!namespaces.length) throw invalidParameter('The namespaces in accessScope must not be empty when the type is namespace.');
    for (const namespace of namespaces) if (!NAMESPACE.test(namespace) || namespace.length > 63) throw invalidParameter(`The namespace ${namespace} in accessScope is not valid.`);
    return { type: 'namespace', namespaces };
  }
  if (given?.type !== 'cluster') throw invalidParameter('The type in accessScope must be one of [cluster, namespace].');
  if (given.namespaces?.length) throw invalidParameter('The namespaces in accessScope must be empty when the type is cluster.');
  return { type: 'cluster' };
}
