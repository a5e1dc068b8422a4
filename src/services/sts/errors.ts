import { AwsError } from '../../control/error.ts';

/** STS's errors, https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html. Words are AWS's. */

export const accessDenied = (message: string) => new AwsError('AccessDenied', 403, message);
export const validationError = (message: string) => new AwsError('ValidationError', 400, message);
export const malformedPolicyDocument = (message: string) => new AwsError('MalformedPolicyDocument', 400, message);
export const packedPolicyTooLarge = (percent: number) =>
  new AwsError('PackedPolicyTooLarge', 400, `Packed size of session policy and tags consumes ${percent}% of allotted space.`);
export const invalidIdentityToken = (message: string) => new AwsError('InvalidIdentityToken', 400, message);
export const expiredToken = (now: Date, expiration: number) =>
  new AwsError('ExpiredTokenException', 400, `Token expired: current date/time ${Math.floor(now.getTime() / 1000)} must be before the expiration date/time ${expiration}`);

export const notMatching = (value: unknown, member: string, constraint: string) =>
  validationError(`1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: ${constraint}`);
