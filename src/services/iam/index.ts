import * as sdk from '@aws-sdk/client-iam';
import type { Service } from '../../control/service.ts';
import constraints from './constraints.json' with { type: 'json' };
import { invalidMember } from './errors.ts';
import { missing, operations } from './operations.ts';
import { seed } from './seed.ts';

export { credential } from './credentials.ts';
export { accessDeniedMessage, decide } from './decide.ts';
export { faultOfIdentityPolicy } from './policy/validate.ts';
export { askResourcePolicy } from './resource-policies.ts';
export { instanceProfile, role } from './roles.ts';
export type { InstanceProfileInfo } from './roles.ts';
/** For services that call IAM in its own shapes: `asService(iamOperations, …)`. */
export { operations as iamOperations } from './operations.ts';
export { openIdConnectProvider, signingKeysOf } from './oidc.ts';
export { assumeRole, instanceCredentials, machineCredentials, serviceMachineCredentials, userSession } from './sessions.ts';

/**
 * AWS Identity and Access Management, after https://docs.aws.amazon.com/IAM/latest/APIReference/.
 *
 * Faithful to: users, access keys, groups, roles (service-linked ones too), managed and inline policies, versions, permissions
 * boundaries, instance profiles, OpenID Connect providers, tags, the simulator; policies are evaluated on every call, by the whole grammar, denied by default.
 * Missing: passwords, MFA, certificates and keys other than access keys, SAML providers, reports, Organizations.
 * By design: nobody signs as the account's root; the administrator is the user `admin` (`seed.ts`). Changes are in force at once,
 * where AWS takes seconds. Of AWS-managed policies some seventy are known, in their default version (`managed/`).
 */
export const iam: Service = {
  name: 'iam',
  protocol: { name: 'awsQuery', version: '2010-05-08', xmlNamespace: 'https://iam.amazonaws.com/doc/2010-05-08/' },
  sdk,
  operations,
  missing,
  constraints,
  invalid: invalidMember,
  seed,
};
