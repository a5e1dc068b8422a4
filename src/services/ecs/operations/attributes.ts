import type * as Sdk from '@aws-sdk/client-ecs';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { containerInstanceArn, idIn } from '../arns.ts';
import { invalid, targetNotFound } from '../errors.ts';
import { requireCluster } from '../lookups.ts';
import { page } from '../paging.ts';
import { containerInstances, type ContainerInstance } from '../records.ts';
import { anyIn } from './clusters.ts';

const NAME = /^[a-zA-Z0-9_./-]{1,128}$/;
const VALUE = /^[a-zA-Z0-9_.@:/\\ -]{0,128}$/;
const MOST = 10;

/** Attributes that customers put on container instances, by the instance's id or ARN. */
async function change(context: RequestContext, cluster: string, given: Sdk.Attribute[], next: (instance: ContainerInstance, attribute: Sdk.Attribute) => ContainerInstance['attributes']): Promise<Sdk.Attribute[]> {
  if (!given.length) throw invalid('Attributes cannot be empty.');
  if (given.length > MOST) throw invalid(`Attributes cannot have more than ${MOST} elements.`);
  for (const { name, value, targetType, targetId } of given) {
    if (!NAME.test(name ?? '')) throw invalid(`Attribute name contains invalid characters: ${name}`);
    if (value !== undefined && (!VALUE.test(value) || value !== value.trim())) throw invalid(`Attribute value contains invalid characters: ${value}`);
    if (targetType && targetType !== 'container-instance') throw invalid(`Invalid targetType: ${String(targetType)}`);
    if (!targetId) throw invalid('targetId cannot be empty.');
  }
  const answered: Sdk.Attribute[] = [];
  for (const attribute of given) {
    const id = idIn(context, cluster, 'container-instance', attribute.targetId ?? '');
    const record = await containerInstances.update(context.store, containerInstances.key(context, cluster, id), (instance) =>
      instance.status === 'INACTIVE' || instance.fargate ? undefined : { ...instance, attributes: next(instance, attribute), version: instance.version + 1 });
    if (!record || record.status === 'INACTIVE' || record.fargate) throw targetNotFound(`Could not find target ${attribute.targetId}.`);
    answered.push(shape(context, record, attribute.name ?? '', attribute.value ?? null));
  }
  return answered;
}

const shape = (context: RequestContext, instance: ContainerInstance, name: string, value: string | null): Sdk.Attribute =>
  ({ name, ...(value !== null && { value }), targetType: 'container-instance', targetId: containerInstanceArn(context, instance) });

export const attributeOperations = {
  PutAttributes: {
    resources: (input, context) => [anyIn(context, 'container-instance', input.cluster)],
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value.name;
      return { attributes: await change(context, cluster, input.attributes ?? [], (instance, { name = '', value }) => ({ ...instance.attributes, [name]: value ?? null })) };
    },
  },

  DeleteAttributes: {
    resources: (input, context) => [anyIn(context, 'container-instance', input.cluster)],
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value.name;
      const removed = await change(context, cluster, input.attributes ?? [], (instance, { name, value }) =>
        Object.fromEntries(Object.entries(instance.attributes).filter(([key, current]) => key !== name || (value !== undefined && value !== current))));
      return { attributes: removed };
    },
  },

  ListAttributes: {
    resources: (input, context) => [anyIn(context, 'container-instance', input.cluster)],
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value.name;
      if (input.targetType !== 'container-instance') throw invalid(`Invalid targetType: ${String(input.targetType)}`);
      const all = (await containerInstances.list(context.store, context, cluster)).map((entry) => entry.value).filter((instance) => instance.status !== 'INACTIVE' && !instance.fargate)
        .flatMap((instance) => Object.entries(instance.attributes).map(([name, value]) => shape(context, instance, name, value)))
        .filter(({ name, value }) => (!input.attributeName || name === input.attributeName) && (!input.attributeValue || value === input.attributeValue));
      const { items, nextToken } = page(all, ({ targetId, name }) => `${targetId} ${name}`, input);
      return { attributes: items, nextToken };
    },
  },
} satisfies Partial<OperationTable<typeof Sdk>>;
