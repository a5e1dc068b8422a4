import type { RunInstancesRequest } from '@aws-sdk/client-ec2';
import type { Operation, RequestContext, Resource } from '../../../control/service.ts';
import { launched } from './launch.ts';
import { askedOf } from './resources.ts';
import type { Touched } from './resources.ts';
import { touches } from './table.ts';

type Touches = (input: object, context: RequestContext) => Touched[] | Promise<Touched[]>;

/** The operation with what IAM is asked before it runs: about what it touches, and whether the caller may tag what it makes. */
export function withAccess<I extends object>(name: string, operation: Operation<I, unknown>): Operation<I, unknown> {
  const touched = (touches as Record<string, Touches | undefined>)[name];
  const conditions = (_input: I, { region }: RequestContext) => ({ 'ec2:Region': region });
  if (!touched) return { ...operation, conditions };
  return {
    ...operation,
    conditions,
    resources: async (input, context) => resourcesOf(context, await touched(input, context)),
    run: async (input, context) => {
      await authorizeTags(context, name, await touched(input, context));
      return operation.run(input, context);
    },
  };
}

/** Whether the caller might launch this; for services that will do so later, in their own name. */
export async function authorizeLaunch(context: RequestContext, request: RunInstancesRequest): Promise<void> {
  const touched = await launched(request, context);
  await context.authorize('ec2:RunInstances', await resourcesOf(context, touched), { 'ec2:Region': context.region });
  await authorizeTags(context, 'RunInstances', touched);
}

const resourcesOf = (context: RequestContext, touched: Touched[]): Promise<Resource[]> => Promise.all(touched.map((each) => askedOf(context, each)));

/** https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/supported-iam-actions-tagging.html */
async function authorizeTags(context: RequestContext, action: string, touched: Touched[]): Promise<void> {
  const tagged = touched.filter(({ id, tags }) => id === undefined && Object.keys(tags ?? {}).length);
  if (tagged.length) await context.authorize('ec2:CreateTags', await resourcesOf(context, tagged), { 'ec2:CreateAction': action, 'ec2:Region': context.region });
}
