import { AwsError } from '../../control/error.ts';
import type { RequestContext } from '../../control/service.ts';
import { assumeRole, role } from '../iam/index.ts';
import { invalidParameter } from './errors.ts';

export const notAssumable = (arn: string) => `Role with arn: ${arn}, could not be assumed because it does not exist or the trusted entity is not correct`;

/** A role that `service` is to assume: it is there, the caller may hand it on, and its trust policy lets the service in. */
export async function checkRole(context: RequestContext, arn: string, service: string, untrusted = notAssumable(arn)): Promise<string> {
  if (!(await role(context, context, arn))) throw invalidParameter(notAssumable(arn));
  await context.authorize('iam:PassRole', [arn], { 'iam:PassedToService': [...new Set(['eks.amazonaws.com', service])] });
  await assumeRole(context, context, { roleArn: arn, sessionName: 'eks', durationSeconds: 900, service }).catch((error: unknown) => {
    if (!(error instanceof AwsError && error.code === 'AccessDenied')) throw error;
    throw invalidParameter(untrusted);
  });
  return arn;
}
