import { camelPath } from '../../control/constraints.ts';
import type { Fault } from '../../control/constraints.ts';
import { AwsError } from '../../control/error.ts';

/** EC2's errors and words: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html. All are 400 but the few that say so. */
const make = <A extends unknown[]>(code: string, words: (...values: A) => string, status = 400) => (...values: A) => new AwsError(code, status, words(...values));

export const notFound = (code: string, words: string) => new AwsError(code, 400, words);
export const malformed = make('InvalidID', (id: string) => `The ID '${id}' is not valid`);
export const missingParameter = make('MissingParameter', (name: string) => `The request must contain the parameter ${name}`);
export const invalidParameterValue = make('InvalidParameterValue', (words: string) => words);
export const invalidParameterCombination = make('InvalidParameterCombination', (words: string) => words);
export const invalidValue = (value: unknown, name: string) => invalidParameterValue(`Value (${String(value)}) for parameter ${name} is invalid.`);
export const dryRun = make('DryRunOperation', () => 'Request would have succeeded, but DryRun flag is set.', 412);
export const unsupported = make('UnsupportedOperation', (words: string) => words);
export const dependencyViolation = make('DependencyViolation', (words: string) => words);
export const idempotentParameterMismatch = make('IdempotentParameterMismatch', () => 'Arguments on this idempotent request are inconsistent with arguments used in previous request(s).');
export const tagLimitExceeded = make('TagLimitExceeded', () => 'The maximum number of Tags for a resource has been reached.');
export const operationNotPermitted = make('OperationNotPermitted', (words: string) => words);
export const authFailure = make('AuthFailure', (words: string) => words, 403);

export const incorrectInstanceState = make('IncorrectInstanceState', (id: string, verb: string) => `The instance '${id}' is not in a state from which it can be ${verb}.`);
export const terminationProtected = make('OperationNotPermitted', (id: string) => `The instance '${id}' may not be terminated. Modify its 'disableApiTermination' instance attribute and try again.`);
export const stopProtected = make('OperationNotPermitted', (id: string) => `The instance '${id}' may not be stopped. Modify its 'disableApiStop' instance attribute and try again.`);
/** The status is AWS's too: the fault is the cloud's, and clients may try again. `detail` is ours: what the hosts have. */
export const insufficientInstanceCapacity = make('InsufficientInstanceCapacity', (type: string, zone: string, detail: string) =>
  `We currently do not have sufficient ${type} capacity in the Availability Zone you requested (${zone}). ${detail}`, 500);
export const invalidInstanceProfile = make('InvalidParameterValue', (value: string, member: 'arn' | 'name') =>
  `Value (${value}) for parameter iamInstanceProfile.${member} is invalid. Invalid IAM Instance Profile ${member === 'arn' ? 'ARN' : 'name'}`);

export const insufficientFreeAddresses = make('InsufficientFreeAddressesInSubnet', (subnetId: string, count: number) =>
  `There are not enough free addresses in subnet '${subnetId}' to satisfy the requested number of instances (${count}).`);
export const insufficientCidrBlocks = make('InsufficientCidrBlocks', () => 'The specified subnet does not have enough free cidr blocks to satisfy the request.');
export const privateAddressLimitExceeded = make('PrivateIpAddressLimitExceeded', () => 'Number of private addresses will exceed limit.');
export const insufficientAddressCapacity = make('InsufficientAddressCapacity', () => 'Not enough public addresses available to satisfy your request.', 500);
export const addressInUse = make('InvalidIPAddress.InUse', (address: string) => `Address ${address} is in use.`);
export const addressNotFound = make('InvalidAddress.NotFound', (address: string) => `Address '${address}' not found.`);
export const interfaceInUse = make('InvalidNetworkInterface.InUse', (id: string) => `Network interface '${id}' is currently in use.`);
export const attachmentLimitExceeded = make('AttachmentLimitExceeded', (count: number, type: string) => `Interface count ${count} exceeds the limit for ${type}`);
export const alreadyAssociated = make('Resource.AlreadyAssociated', (words: string) => words);
export const gatewayNotAttached = make('Gateway.NotAttached', (id: string, vpcId: string) => `resource ${id} is not attached to network ${vpcId}`);

export const groupDuplicate = make('InvalidGroup.Duplicate', (name: string, vpcId: string) => `The security group '${name}' already exists for VPC '${vpcId}'`);
export const groupNotFound = make('InvalidGroup.NotFound', (name: string) => `The security group '${name}' does not exist`);
export const cannotDeleteDefaultGroup = make('CannotDelete', (id: string) => `the specified group: "${id}" name: "default" cannot be deleted by a user`);
export const permissionDuplicate = make('InvalidPermission.Duplicate', (rule: string) => `the specified rule "${rule}" already exists`);
export const permissionNotFound = make('InvalidPermission.NotFound', () => 'The specified rule does not exist in this security group.');

export const invalidCidr = (cidr: string) => invalidParameterValue(`Value (${cidr}) for parameter cidrBlock is invalid. This is not a valid CIDR block.`);
export const vpcRange = make('InvalidVpc.Range', (cidr: string) => `The CIDR '${cidr}' is invalid.`);
export const subnetRange = make('InvalidSubnet.Range', (cidr: string) => `The CIDR '${cidr}' is invalid.`);
export const subnetConflict = make('InvalidSubnet.Conflict', (cidr: string) => `The CIDR '${cidr}' conflicts with another subnet`);
export const routeAlreadyExists = make('RouteAlreadyExists', (destination: string) => `The route identified by ${destination} already exists.`);
export const routeNotFound = make('InvalidRoute.NotFound', (destination: string, table: string) => `no route with destination-cidr-block ${destination} in route table ${table}`);

export const keyPairNotFound = make('InvalidKeyPair.NotFound', (name: string) => `The key pair '${name}' does not exist`);
export const keyPairDuplicate = make('InvalidKeyPair.Duplicate', (name: string) => `The keypair '${name}' already exists.`);
export const keyFormat = make('InvalidKey.Format', () => 'Key is not in valid OpenSSH public key format');

export const templateNameNotFound = make('InvalidLaunchTemplateName.NotFoundException', (name: string) => `The specified launch template, with template name ${name}, does not exist.`);
export const templateIdNotFound = make('InvalidLaunchTemplateId.NotFound', (id: string) => `The specified launch template, with template ID ${id}, does not exist.`);
export const templateNameInUse = make('InvalidLaunchTemplateName.AlreadyExistsException', () => 'Launch template name already in use.');
export const templateVersionNotFound = make('InvalidLaunchTemplateId.VersionNotFound', (id: string, version: string) => `Could not find launch template version ${version} of ${id}.`);

export const unknownVolumeType = make('UnknownVolumeType', (type: string) => `Unsupported volume type '${type}' for volume creation.`);
export const invalidZone = make('InvalidZone.NotFound', (zone: string) => `The zone '${zone}' does not exist.`);
/** Also the cloud's fault, as a lack of capacity for instances is. */
export const insufficientVolumeCapacity = make('InsufficientVolumeCapacity', (zone: string) => `There is not enough capacity to fulfill your EBS volume provision request: no host of ${zone} is connected.`, 500);
export const incorrectState = make('IncorrectState', (words: string) => words);
export const volumeInUse = make('VolumeInUse', (words: string) => words);
export const volumeZoneMismatch = make('InvalidVolume.ZoneMismatch', (id: string, instanceId: string) => `The volume '${id}' is not in the same availability zone as instance '${instanceId}'`);
export const deviceInUse = make('InvalidParameterValue', (device: string) => `Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`);
export const attachmentNotFound = make('InvalidAttachment.NotFound', (id: string, instanceId: string) => `The volume '${id}' is not attached to instance '${instanceId}' as the given device`);

/** EC2 tells of one fault. Of a volume's type it has a code of its own, also where templates and launches name it. */
export function invalidMember(fault: Fault): AwsError {
  const { path, value = '', broken } = fault;
  if (broken.rule === 'required') return missingParameter(path);
  if (/(^|\.)VolumeType$/.test(path)) return unknownVolumeType(value);
  const given = `Value ( ${value} ) for parameter ${camelPath(fault)} is invalid.`;
  return invalidParameterValue(broken.rule === 'value' ? `${given} Expecting a value ${broken.bound === 'min' ? 'greater' : 'less'} than or equal to ${broken.limit}.` : given);
}
