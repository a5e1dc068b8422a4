import { AwsError } from '../../control/error.ts';

/** CloudWatch Logs' errors. Words are AWS's. */

export const noSuchGroup = () => new AwsError('ResourceNotFoundException', 400, 'The specified log group does not exist.');
export const noSuchStream = () => new AwsError('ResourceNotFoundException', 400, 'The specified log stream does not exist.');
export const groupExists = () => new AwsError('ResourceAlreadyExistsException', 400, 'The specified log group already exists');
export const streamExists = () => new AwsError('ResourceAlreadyExistsException', 400, 'The specified log stream already exists');
export const invalidParameter = (message: string) => new AwsError('InvalidParameterException', 400, message);
export const validation = (message: string) => new AwsError('ValidationException', 400, message);
export const operationAborted = () => new AwsError('OperationAbortedException', 400, 'Multiple requests to update the same resource were in conflict.');

export const notMatching = (value: unknown, member: string, constraint: string) =>
  invalidParameter(`1 validation error detected: Value '${String(value)}' at '${member}' failed to satisfy constraint: ${constraint}`);
