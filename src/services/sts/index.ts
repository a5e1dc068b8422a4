import * as sdk from '@aws-sdk/client-sts';
import type { Service } from '../../control/service.ts';
import constraints from './constraints.json' with { type: 'json' };
import { missing, operations } from './operations.ts';

/**
 * AWS Security Token Service, after https://docs.aws.amazon.com/STS/latest/APIReference/.
 *
 * Faithful to: GetCallerIdentity, AssumeRole (trust policies, session policies, tags, external ids, role chaining), GetSessionToken,
 * AssumeRoleWithWebIdentity for OpenID Connect providers, those of EKS clusters first.
 * Missing: federation by SAML, session tags in web identity tokens, MFA.
 * By design: one global endpoint, which is the gateway. Sessions are IAM's records (`../iam/sessions.ts`), so that each can be looked
 * up; AWS has them in the token. GetAccessKeyInfo knows the keys of this installation alone.
 */
export const sts: Service = {
  name: 'sts',
  protocol: { name: 'awsQuery', version: '2011-06-15', xmlNamespace: 'https://sts.amazonaws.com/doc/2011-06-15/' },
  sdk,
  operations,
  missing,
  constraints,
};
