import { camelPath } from '../../control/constraints.ts';
import type { Fault } from '../../control/constraints.ts';
import { AwsError } from '../../control/error.ts';

/** IAM's errors, https://docs.aws.amazon.com/IAM/latest/APIReference/API_Operations.html. Words are AWS's. */

export const noSuchEntity = (message: string) => new AwsError('NoSuchEntity', 404, message);
export const entityAlreadyExists = (message: string) => new AwsError('EntityAlreadyExists', 409, message);
export const deleteConflict = (message: string) => new AwsError('DeleteConflict', 409, message);
export const limitExceeded = (message: string) => new AwsError('LimitExceeded', 409, message);
export const quotaExceeded = (quota: string, most: number) => limitExceeded(`Cannot exceed quota for ${quota}: ${most}`);
export const malformedPolicyDocument = (message: string) => new AwsError('MalformedPolicyDocument', 400, message);
export const invalidInput = (message: string) => new AwsError('InvalidInput', 400, message);
export const validationError = (message: string) => new AwsError('ValidationError', 400, message);
export const notMatching = (value: unknown, member: string, constraint: string) =>
  validationError(`1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: ${constraint}`);
export const invalidName = (member: string) =>
  validationError(`The specified value for ${member} is invalid. It must contain only alphanumeric characters and/or the following: +=,.@_-`);
export const invalidPath = (member: string) =>
  validationError(`The specified value for ${member} is invalid. It must begin and end with / and contain only alphanumeric characters and/or / characters.`);

const WORDS_OF_PATTERN: Record<string, (member: string) => AwsError> = { '[\\w+=,.@-]+': invalidName, '(\\u002F)|(\\u002F[\\u0021-\\u007E]+\\u002F)': invalidPath };

/** Names and paths of the wrong characters have words of their own. */
export function invalidMember(faults: Fault[]): AwsError | undefined {
  const [fault] = faults;
  return faults.length === 1 && fault?.broken.rule === 'pattern' ? WORDS_OF_PATTERN[fault.broken.pattern]?.(camelPath(fault)) : undefined;
}

export const unmodifiableEntity = (message: string) => new AwsError('UnmodifiableEntity', 400, message);
export const policyNotAttachable = (message: string) => new AwsError('PolicyNotAttachable', 400, message);
export const openIdIdpCommunicationError = () =>
  new AwsError('OpenIdIdpCommunicationError', 400, 'The request failed because IAM cannot connect to the OpenID Connect identity provider URL.');
/** Lost a race too often; AWS asks the client to try again. */
export const concurrentModification = () => new AwsError(
  'ConcurrentModification', 409,
  'The request was rejected because multiple requests to change this object were submitted simultaneously. Wait a few minutes and submit your request again.',
);
/** STS: a principal that the role's trust policy does not let in. AWS tells no more, so as not to tell whether there is such a role. */
export const assumeRoleDenied = (caller: string, roleArn: string) =>
  new AwsError('AccessDenied', 403, `User: ${caller} is not authorized to perform: sts:AssumeRole on resource: ${roleArn}`);
export const webIdentityDenied = () => new AwsError('AccessDenied', 403, 'Not authorized to perform sts:AssumeRoleWithWebIdentity');
