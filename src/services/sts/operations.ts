import type * as Sdk from '@aws-sdk/client-sts';
import type { OperationName, OperationTable } from '../../control/service.ts';

export const missing = [
  'AssumeRole', 'AssumeRoleWithSAML', 'AssumeRoleWithWebIdentity', 'AssumeRoot', 'DecodeAuthorizationMessage', 'GetAccessKeyInfo',
  'GetDelegatedAccessToken', 'GetFederationToken', 'GetSessionToken', 'GetWebIdentityToken',
] as const satisfies OperationName<typeof Sdk>[];

export const operations: OperationTable<typeof Sdk, (typeof missing)[number]> = {
  GetCallerIdentity: {
    action: null,
    run: (_input, { principal }) => ({ Account: principal.account, Arn: principal.arn, UserId: principal.userId }),
  },
};
