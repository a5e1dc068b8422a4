import { AwsError } from '../../control/error.ts';

/** EKS's errors, https://docs.aws.amazon.com/eks/latest/APIReference/CommonErrors.html and each operation's page. */

type Fields = Record<string, string | undefined>;
const make = (code: string, status: number) => (message: string, fields: Fields = {}) => new AwsError(code, status, message, fields);

export const invalidParameter = make('InvalidParameterException', 400);
export const invalidRequest = make('InvalidRequestException', 400);
export const resourceInUse = make('ResourceInUseException', 409);
export const resourceNotFound = make('ResourceNotFoundException', 404);
export const resourceLimitExceeded = make('ResourceLimitExceededException', 400);
export const unsupportedZone = make('UnsupportedAvailabilityZoneException', 400);
export const badRequest = make('BadRequestException', 400);
export const notFound = make('NotFoundException', 404);

export const noCluster = (name: string) => resourceNotFound(`No cluster found for name: ${name}.`, { clusterName: name });
export const clusterExists = (name: string) => resourceInUse(`Cluster already exists with name: ${name}`, { clusterName: name });
export const noNodegroup = (clusterName: string, nodegroupName: string) =>
  resourceNotFound(`No node group found for name: ${nodegroupName}.`, { clusterName, nodegroupName });
export const noAddon = (clusterName: string, addonName: string) =>
  resourceNotFound(`No addon: ${addonName} found in cluster: ${clusterName}`, { clusterName, addonName });
export const noFargateProfile = (clusterName: string, fargateProfileName: string) =>
  resourceNotFound(`No Fargate Profile found with name: ${fargateProfileName}.`, { clusterName, fargateProfileName });
export const noAccessEntry = (principalArn: string) =>
  resourceNotFound(`The specified principalArn could not be found. You can view your available access entries with 'list-access-entries'. (${principalArn})`);
