import type { RunInstancesRequest } from '@aws-sdk/client-ec2';
import type { Env, Scope } from '../../../control/service.ts';
import { instanceProfile } from '../../iam/index.ts';
import type { InstanceProfileInfo } from '../../iam/index.ts';
import { imageById } from '../catalogue/images.ts';
import { instanceTypes } from '../catalogue/instance-types.ts';
import type { InstanceType } from '../catalogue/instance-types.ts';
import { invalidInstanceProfile, invalidParameterValue, invalidValue, keyPairNotFound, missingParameter, notFound, unsupported } from '../errors.ts';
import { names } from '../records.ts';
import type { Instance } from '../records.ts';

/** What a launch is, but for where it goes: checked, with EC2's defaults. */
export interface LaunchSettings extends Pick<Instance,
  'imageId' | 'keyName' | 'userData' | 'shutdownBehavior' | 'metadataOptions' | 'disableApiTermination' | 'disableApiStop' | 'monitoring' | 'ebsOptimized'> {
  type: InstanceType;
  profile: InstanceProfileInfo | undefined;
}

const MAX_USER_DATA_BYTES = 16384;

export async function launchSettings(env: Env, scope: Scope, request: RunInstancesRequest): Promise<LaunchSettings> {
  refuseWhatIsNotThere(request);
  const { type, imageId } = typeAndImage(request);
  if (request.KeyName !== undefined && !(await names.get(env.store, scope, 'key-pair', request.KeyName))) throw keyPairNotFound(request.KeyName);
  const metadata = request.MetadataOptions;
  return {
    type,
    imageId,
    profile: await profileOf(env, scope, request),
    ...(request.KeyName !== undefined && { keyName: request.KeyName }),
    ...(request.UserData && { userData: checkUserData(request.UserData) }),
    shutdownBehavior: request.InstanceInitiatedShutdownBehavior === 'terminate' ? 'terminate' : 'stop',
    // The images ask for IMDSv2 and two hops, as AWS's AL2023 images do.
    metadataOptions: {
      httpTokens: metadata?.HttpTokens === 'optional' ? 'optional' : 'required',
      httpPutResponseHopLimit: metadata?.HttpPutResponseHopLimit ?? 2,
      httpEndpoint: metadata?.HttpEndpoint === 'disabled' ? 'disabled' : 'enabled',
      instanceMetadataTags: metadata?.InstanceMetadataTags === 'enabled' ? 'enabled' : 'disabled',
    },
    disableApiTermination: request.DisableApiTermination ?? false,
    disableApiStop: request.DisableApiStop ?? false,
    monitoring: request.Monitoring?.Enabled ?? false,
    ebsOptimized: request.EbsOptimized ?? false,
  };
}

function typeAndImage(request: RunInstancesRequest): { type: InstanceType; imageId: string } {
  if (!request.ImageId) throw missingParameter('ImageId');
  if (!/^ami-([0-9a-f]{8}|[0-9a-f]{17})$/.test(request.ImageId)) throw notFound('InvalidAMIID.Malformed', `Invalid id: "${request.ImageId}"${request.ImageId.startsWith('ami-') ? '' : ' (expecting "ami-...")'}`);
  const image = imageById(request.ImageId);
  if (!image) throw notFound('InvalidAMIID.NotFound', `The image id '[${request.ImageId}]' does not exist`);
  const type = instanceTypes.get(request.InstanceType ?? 'm1.small');
  if (!type) throw invalidParameterValue(`Invalid value '${request.InstanceType}' for InstanceType.`);
  if (type.architecture !== image.architecture) {
    throw invalidParameterValue(`The architecture '${type.architecture}' of the specified instance type does not match the architecture '${image.architecture}' of the specified AMI. Specify an instance type and an AMI that have matching architectures, and try again. You can use 'describe-instance-types' or 'describe-images' to discover the architecture of the instance type or AMI.`);
  }
  return { type, imageId: image.id };
}

async function profileOf(env: Env, scope: Scope, { IamInstanceProfile: asked }: RunInstancesRequest): Promise<InstanceProfileInfo | undefined> {
  const nameOrArn = asked?.Arn ?? asked?.Name;
  if (nameOrArn === undefined) return undefined;
  const profile = await instanceProfile(env, scope, nameOrArn);
  if (!profile) throw invalidInstanceProfile(nameOrArn, asked?.Arn === undefined ? 'name' : 'arn');
  return profile;
}

function checkUserData(userData: string): string {
  const bytes = Buffer.from(userData, 'base64');
  if (bytes.toString('base64').replace(/=+$/, '') !== userData.replace(/\s/g, '').replace(/=+$/, '')) throw notFound('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data');
  if (bytes.length > MAX_USER_DATA_BYTES) throw invalidParameterValue(`User data is limited to ${MAX_USER_DATA_BYTES} bytes`);
  return userData;
}

/** Never accepted in silence: each of these would promise something that no machine here does. */
function refuseWhatIsNotThere(request: RunInstancesRequest): void {
  const refused: [string, boolean][] = [
    ['InstanceMarketOptions (spot)', request.InstanceMarketOptions !== undefined],
    ['CpuOptions', request.CpuOptions !== undefined],
    ['HibernationOptions', request.HibernationOptions?.Configured === true],
    ['EnclaveOptions', request.EnclaveOptions?.Enabled === true],
    ['IPv6', Boolean(request.Ipv6AddressCount || request.Ipv6Addresses?.length)],
    ['volumes beside the root device', (request.BlockDeviceMappings ?? []).some((mapping) => mapping.DeviceName !== '/dev/xvda' && mapping.NoDevice === undefined)],
    ['dedicated tenancy', request.Placement?.Tenancy !== undefined && request.Placement.Tenancy !== 'default'],
  ];
  for (const [name, asked] of refused) if (asked) throw unsupported(`${name}: not implemented by Gantry.`);
  const behavior = request.InstanceInitiatedShutdownBehavior;
  if (behavior !== undefined && behavior !== 'stop' && behavior !== 'terminate') throw invalidValue(behavior, 'instanceInitiatedShutdownBehavior');
}
