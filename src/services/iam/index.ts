import * as sdk from '@aws-sdk/client-iam';
import type { Service } from '../../control/service.ts';
import { seed } from './seed.ts';

export { credential } from './credentials.ts';
export type { Credential } from './credentials.ts';
export { accessDeniedMessage, decide } from './decide.ts';
export type { AccessRequest, Decision } from './decide.ts';
export { instanceProfile, role } from './roles.ts';
export type { InstanceProfileInfo, RoleInfo } from './roles.ts';
export { assumeRole, instanceCredentials } from './sessions.ts';
export type { AssumedRole, AssumeRoleRequest } from './sessions.ts';

/** AWS Identity and Access Management, after https://docs.aws.amazon.com/IAM/latest/APIReference/. (Operations follow.) */
export const iam: Service = {
  name: 'iam',
  protocol: { name: 'awsQuery', version: '2010-05-08', xmlNamespace: 'https://iam.amazonaws.com/doc/2010-05-08/' },
  sdk,
  operations: {},
  missing: [],
  seed,
};
