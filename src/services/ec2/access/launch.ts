import type { RunInstancesRequest } from '@aws-sdk/client-ec2';
import { AwsError } from '../../../control/error.ts';
import type { RequestContext } from '../../../control/service.ts';
import { checkLaunch } from '../launch/index.ts';
import type { CheckedLaunch } from '../launch/index.ts';
import { launchNetwork } from '../launch/network.ts';
import type { LaunchNetwork } from '../launch/network.ts';
import { keyPairId, templateId } from './names.ts';
import { made, named, one, these } from './resources.ts';
import type { Touched } from './resources.ts';

/**
 * What a launch touches, after its template and EC2's defaults. One that makes no sense is asked about as far as its words go: whoever may
 * not launch hears that, and no more.
 */
export async function launched(request: RunInstancesRequest, context: RequestContext): Promise<Touched[]> {
  const plan = await planOf(request, context);
  const asked = plan?.merged ?? request;
  return [
    ...one('image', asked.ImageId), ...instancesOf(asked, plan), ...(plan ? interfacesOf(plan) : unknownInterfaces(asked)), ...made('volume', asked),
    ...named('keyPair', asked.KeyName === undefined ? undefined : await keyPairId(context, { KeyName: asked.KeyName })),
    ...(request.LaunchTemplate ? one('launchTemplate', await templateId(context, request.LaunchTemplate)) : []),
  ];
}

interface Plan extends CheckedLaunch {
  network: LaunchNetwork;
}

async function planOf(request: RunInstancesRequest, context: RequestContext): Promise<Plan | undefined> {
  try {
    const checked = await checkLaunch(context, context, request);
    return { ...checked, network: await launchNetwork(context, context, checked.merged) };
  } catch (error) {
    if (error instanceof AwsError) return undefined;
    throw error;
  }
}

function instancesOf(asked: RunInstancesRequest, plan: Plan | undefined): Touched[] {
  if (!plan) return made('instance', asked, { instanceType: asked.InstanceType });
  const { settings: { type, profile, ...settings }, network: { zone } } = plan;
  return made('instance', asked, { ...settings, zone, instanceType: type.name, ...(profile && { instanceProfile: { ...profile, associationId: '' } }) });
}

function interfacesOf({ merged, network: { interfaces } }: Plan): Touched[] {
  const touched = interfaces.flatMap((wish) => ('existing' in wish
    ? one('networkInterface', wish.existing.value.id)
    : [
      ...made('networkInterface', merged, { subnetId: wish.subnet.id, vpcId: wish.subnet.vpcId, zone: wish.subnet.zone }),
      ...one('subnet', wish.subnet.id), ...these('securityGroup', wish.groupIds),
    ]));
  return [...new Map(touched.map((each) => [JSON.stringify(each), each])).values()];
}

const unknownInterfaces = (asked: RunInstancesRequest): Touched[] => [
  ...made('networkInterface', asked), ...one('subnet', asked.SubnetId), ...(asked.SecurityGroupIds?.length ? these('securityGroup', asked.SecurityGroupIds) : one('securityGroup', undefined)),
];
