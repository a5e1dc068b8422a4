import * as sdk from '@aws-sdk/client-iam';
import type { Env, Principal, Scope, Service } from '../../control/service.ts';
import type { InstanceCredentials } from '../../wire/host.ts';

/** AWS Identity and Access Management, after https://docs.aws.amazon.com/IAM/latest/APIReference/. (Signatures; the insides follow.) */

/** What the gateway needs to verify a signature and to know who signed. */
export interface Credential {
  secretAccessKey: string;
  /** Temporary credentials only: what X-Amz-Security-Token must be. */
  sessionToken?: string;
  principal: Principal;
  /** ISO 8601; temporary credentials only. They are known for an hour longer, so that one can say ExpiredToken. */
  expiration?: string;
  /** False where the key's status is Inactive: AWS answers as if it did not exist. */
  active: boolean;
}

/** `undefined`: InvalidClientTokenId. */
export async function credential(_env: Env, _accessKeyId: string): Promise<Credential | undefined> {
  throw new Error('to come');
}

export interface AccessRequest {
  principal: Principal;
  /** `ecs:RunTask` */
  action: string;
  /** Each must be allowed. `['*']` where the action has no resource. */
  resources: string[];
  /** Of the request and its resources: `aws:SourceIp`, `ecs:cluster`. Keys of the principal and of time are added here. */
  context: Record<string, string | string[]>;
}

/** `reason` ends AWS's message: `because no identity-based policy allows the ecs:RunTask action`, `with an explicit deny in a …`. */
export type Decision = { allowed: true } | { allowed: false; explicit: boolean; resource: string; reason: string };

export async function decide(_env: Env, _request: AccessRequest): Promise<Decision> {
  throw new Error('to come');
}

/** `User: … is not authorized to perform: ecs:RunTask on resource: … because no identity-based policy allows the ecs:RunTask action` */
export function accessDeniedMessage(request: AccessRequest, denial: Decision & { allowed: false }): string {
  const on = denial.resource === '*' ? '' : ` on resource: ${denial.resource}`;
  return `User: ${request.principal.arn} is not authorized to perform: ${request.action}${on} ${denial.reason}`;
}

export interface AssumeRoleRequest {
  roleArn: string;
  sessionName: string;
  /** 900 to the role's MaxSessionDuration. Default 3600. */
  durationSeconds?: number;
  /** A service assumes it for what it runs: `ec2.amazonaws.com`, `ecs-tasks.amazonaws.com` … */
  service?: string;
  /** Or a principal does, by STS. */
  principal?: Principal;
  /** Session policy, JSON. */
  policy?: string;
  policyArns?: string[];
  tags?: Record<string, string>;
  transitiveTagKeys?: string[];
  externalId?: string;
  sourceIdentity?: string;
}

export interface AssumedRole {
  credentials: { AccessKeyId: string; SecretAccessKey: string; SessionToken: string; /** ISO 8601 */ Expiration: string };
  assumedRoleUser: { AssumedRoleId: string; Arn: string };
}

/** Throws AccessDenied where there is no such role or its trust policy does not allow this. */
export async function assumeRole(_env: Env, _scope: Scope, _request: AssumeRoleRequest): Promise<AssumedRole> {
  throw new Error('to come');
}

export interface InstanceProfileInfo {
  arn: string;
  /** AIPA… */
  id: string;
  name: string;
  roleName?: string;
  roleArn?: string;
}

export async function instanceProfile(_env: Env, _scope: Scope, _nameOrArn: string): Promise<InstanceProfileInfo | undefined> {
  throw new Error('to come');
}

/** Of the profile's role, in a session named as the instance; the same ones until they have an hour left. `undefined`: no such profile or it has no role. */
export async function instanceCredentials(_env: Env, _scope: Scope, _profileArn: string, _instanceId: string): Promise<InstanceCredentials | undefined> {
  throw new Error('to come');
}

export interface RoleInfo {
  arn: string;
  /** AROA… */
  id: string;
  name: string;
}

/** By name or ARN: to see that it exists. Whether the caller may pass it: `context.authorize('iam:PassRole', [arn], { 'iam:PassedToService': … })`. */
export async function role(_env: Env, _scope: Scope, _nameOrArn: string): Promise<RoleInfo | undefined> {
  throw new Error('to come');
}

export const iam: Service = {
  name: 'iam',
  protocol: { name: 'awsQuery', version: '2010-05-08', xmlNamespace: 'https://iam.amazonaws.com/doc/2010-05-08/' },
  sdk,
  operations: {},
  missing: [],
};
