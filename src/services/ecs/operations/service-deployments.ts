import type * as Sdk from '@aws-sdk/client-ecs';
import type { OperationTable, RequestContext } from '../../../control/service.ts';
import { transact } from '../../../control/transact.ts';
import { parseArn } from '../arns.ts';
import { invalid, serviceDeploymentConflict, serviceDeploymentNotFound, unsupported } from '../errors.ts';
import { requireCluster, requireService } from '../lookups.ts';
import { page } from '../paging.ts';
import { serviceDeployments, serviceRevisions, services, tasks, type ServiceDeployment } from '../records.ts';
import { rollBack } from '../scheduler/deployments.ts';
import { withEvents } from '../scheduler/events.ts';
import { rollingBack } from '../scheduler/history.ts';
import { serviceDeploymentBrief, serviceDeploymentShape, serviceRevisionShape, type Staffed } from '../shapes/service-deployment.ts';
import { clusterCondition } from './clusters.ts';
import { arnOf } from './services.ts';

const MOST = 20;
const STOPPED = 'Service deployment rolled back because it was stopped by a StopServiceDeployment request.';

interface Place {
  cluster: string;
  service: string;
  id: string;
}

/** Where an ARN of the type points in this account and region; `undefined`: nowhere here. */
function placeOf(context: RequestContext, type: 'service-deployment' | 'service-revision', arn: string): Place | undefined {
  const parsed = parseArn(arn);
  const [cluster, service, id] = parsed?.parts ?? [];
  if (parsed?.type !== type || cluster === undefined || service === undefined || id === undefined) throw invalid(`Invalid identifier: ${arn}`);
  return parsed.account === context.account && parsed.region === context.region ? { cluster, service, id } : undefined;
}

/** The records of these ARNs, and ECS's failures for the rest. */
async function found<T>(arns: string[] | undefined, what: string, find: (arn: string) => Promise<T | undefined>): Promise<{ items: T[]; failures: Sdk.Failure[] }> {
  if (!arns?.length) throw invalid(`${what} cannot be empty.`);
  if (arns.length > MOST) throw invalid(`${what} cannot have more than ${MOST} elements.`);
  const all = await Promise.all(arns.map(async (arn) => ({ arn, item: await find(arn) })));
  return { items: all.flatMap(({ item }) => item ?? []), failures: all.filter(({ item }) => item === undefined).map(({ arn }) => ({ arn, reason: 'MISSING' })) };
}

async function staffOf(context: RequestContext, { cluster, service: name }: Omit<Place, 'id'>): Promise<Staffed | undefined> {
  const service = (await services.get(context.store, context, cluster, name))?.value;
  const own = (await tasks.list(context.store, context, cluster)).map(({ value }) => value).filter(({ group }) => group === `service:${name}`);
  return service && { service, tasks: own };
}

/** Newest first; what sorts after it is older. */
const age = ({ createdAt, id }: ServiceDeployment) => `${String(Number.MAX_SAFE_INTEGER - Date.parse(createdAt))}/${id}`;

export const serviceDeploymentOperations = {
  ListServiceDeployments: {
    resources: (input, context) => [arnOf(context, input.cluster, input.service)],
    conditions: (input, context) => clusterCondition(context, input.cluster),
    async run(input, context) {
      const cluster = (await requireCluster(context, context, input.cluster)).value;
      const { value: service } = await requireService(context, context, cluster.name, input.service);
      const { before, after } = input.createdAt ?? {};
      const all = (await serviceDeployments.list(context.store, context, cluster.name, service.name)).map(({ value }) => value).filter((one) => {
        const created = new Date(one.createdAt);
        return (!input.status?.length || input.status.includes(one.status)) && (!before || created < before) && (!after || created > after);
      });
      const { items, nextToken } = page(all.toSorted((a, b) => (age(a) < age(b) ? -1 : 1)), age, { ...input, maxResults: input.maxResults ?? MOST });
      return { serviceDeployments: items.map((one) => serviceDeploymentBrief(context, one)), nextToken };
    },
  },

  DescribeServiceDeployments: {
    resources: ({ serviceDeploymentArns: arns }) => arns ?? [],
    async run({ serviceDeploymentArns: arns }, context) {
      const { items, failures } = await found(arns, 'serviceDeploymentArns', async (arn) => {
        const place = placeOf(context, 'service-deployment', arn);
        const entry = place && await serviceDeployments.get(context.store, context, place.cluster, place.service, place.id);
        const staff = entry && await staffOf(context, entry.value);
        return staff && serviceDeploymentShape(context, entry.value, staff);
      });
      return { serviceDeployments: items, failures };
    },
  },

  DescribeServiceRevisions: {
    resources: ({ serviceRevisionArns: arns }) => arns ?? [],
    async run({ serviceRevisionArns: arns }, context) {
      const { items, failures } = await found(arns, 'serviceRevisionArns', async (arn) => {
        const place = placeOf(context, 'service-revision', arn);
        const entry = place && await serviceRevisions.get(context.store, context, place.cluster, place.service, place.id);
        return entry && serviceRevisionShape(context, entry.value, (await staffOf(context, entry.value))?.tasks ?? []);
      });
      return { serviceRevisions: items, failures };
    },
  },

  /** https://docs.aws.amazon.com/AmazonECS/latest/developerguide/stop-service-deployment.html */
  StopServiceDeployment: {
    resources: ({ serviceDeploymentArn: arn = '' }) => [arn],
    async run({ serviceDeploymentArn: arn = '', stopType = 'ROLLBACK' }, context) {
      if (stopType !== 'ROLLBACK') throw unsupported(`The stop type ${stopType} is not implemented by Gantry.`);
      const place = placeOf(context, 'service-deployment', arn);
      await transact(context, async () => {
        const entry = place && await serviceDeployments.get(context.store, context, place.cluster, place.service, place.id);
        const service = entry && await services.get(context.store, context, entry.value.cluster, entry.value.service);
        if (!service) throw serviceDeploymentNotFound();
        if (entry.value.status !== 'PENDING' && entry.value.status !== 'IN_PROGRESS') throw serviceDeploymentConflict(entry.value.status);
        const now = context.now().toISOString();
        const back = rollBack(service.value, now, { failed: STOPPED, rolling: 'ECS deployment stopped: rolling back' });
        if (!back) throw invalid(`The service ${service.value.name} has no earlier service revision to roll back to.`);
        return {
          changes: [
            services.put(service.key, withEvents(back.service, back.events, context), service.revision),
            serviceDeployments.put(entry.key, rollingBack(entry.value, back.service, STOPPED, now), entry.revision),
          ],
          result: undefined,
        };
      });
      return { serviceDeploymentArn: arn };
    },
  },
} satisfies Partial<OperationTable<typeof Sdk>>;
