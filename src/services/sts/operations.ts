import type * as Sdk from '@aws-sdk/client-sts';
import type { OperationName, OperationTable } from '../../control/service.ts';
import { credential, userSession } from '../iam/index.ts';
import { assumeRole, checkDuration } from './assume-role.ts';
import { accessDenied, validationError } from './errors.ts';
import { assumeRoleWithWebIdentity } from './web-identity.ts';

export const missing = [
  'AssumeRoleWithSAML', 'AssumeRoot', 'DecodeAuthorizationMessage',
  'GetDelegatedAccessToken', 'GetFederationToken', 'GetWebIdentityToken',
] as const satisfies OperationName<typeof Sdk>[];

const DEFAULT_SESSION_SECONDS = 12 * 3600;
const MOST_SESSION_SECONDS = 36 * 3600;

export const operations: OperationTable<typeof Sdk, (typeof missing)[number]> = {
  /** IAM looks at the trust policy together with the caller's policies, which is why the gateway asks for no permission. */
  AssumeRole: { action: null, run: assumeRole },

  AssumeRoleWithWebIdentity: { action: null, unsigned: true, run: assumeRoleWithWebIdentity },

  GetCallerIdentity: {
    action: null,
    run: (_input, { principal }) => ({ Account: principal.account, Arn: principal.arn, UserId: principal.userId }),
  },

  GetSessionToken: {
    action: null,
    async run(input, context) {
      const { principal } = context;
      if (principal.type !== 'User' || principal.accessKeyId?.startsWith('ASIA')) throw accessDenied('Cannot call GetSessionToken with session credentials');
      if (input.SerialNumber !== undefined || input.TokenCode !== undefined) throw accessDenied('MultiFactorAuthentication failed with invalid MFA one time pass code.');
      const credentials = await userSession(context, context, principal, checkDuration(input.DurationSeconds ?? DEFAULT_SESSION_SECONDS, MOST_SESSION_SECONDS));
      return { Credentials: { ...credentials, Expiration: new Date(credentials.Expiration) } };
    },
  },

  async GetAccessKeyInfo(input, context) {
    const found = await credential(context, input.AccessKeyId ?? '');
    if (!found) throw validationError(`The access key ${input.AccessKeyId} is not one of this installation.`);
    return { Account: found.principal.account };
  },
};
