import { inWords } from '../../control/constraints.ts';
import type { Fault } from '../../control/constraints.ts';
import { AwsError } from '../../control/error.ts';

/**
 * ECS's errors, after https://docs.aws.amazon.com/AmazonECS/latest/APIReference/CommonErrors.html and the pages of the operations. The
 * API reference gives most of them no words; those here are what the service answers.
 */
const error = (code: string, words: string) => () => new AwsError(code, 400, words);

/** A parameter that cannot be so. */
export const invalid = (words: string) => new AwsError('InvalidParameterException', 400, words);
/** `TaskDefinition can not be blank.`; of task definitions it is the client that is at fault. */
export function invalidInput(faults: Fault[], operation: string): AwsError {
  const blank = faults.find(({ broken }) => broken.rule === 'required')?.path.split('.').findLast((part) => part !== 'member' && !/^\d+$/.test(part));
  const words = blank === undefined ? inWords(faults) : `${blank.charAt(0).toUpperCase()}${blank.slice(1)} can not be blank.`;
  return operation === 'RegisterTaskDefinition' ? client(words) : invalid(words);
}
/** The action is not possible for this caller or with this identifier. */
export const client = (words: string) => new AwsError('ClientException', 400, words);
export const unsupported = (words: string) => new AwsError('UnsupportedFeatureException', 400, words);
export const resourceNotFound = (words: string) => new AwsError('ResourceNotFoundException', 400, words);
/** The same ClientToken for something else. */
export const conflict = (resourceIds: string[]) =>
  new AwsError('ConflictException', 400, 'The client token was already used for a request with other parameters.', { resourceIds });

export const clusterNotFound = error('ClusterNotFoundException', 'Cluster not found.');
export const serviceNotFound = error('ServiceNotFoundException', 'Service not found.');
export const serviceDeploymentNotFound = error('ServiceDeploymentNotFoundException', 'Service deployment not found.');
/** It is over, or on its way back. */
export const serviceDeploymentConflict = (status: string) => new AwsError('ConflictException', 400, `The service deployment cannot be stopped in the status ${status}.`, { resourceIds: [] });
export const serviceNotActive = error('ServiceNotActiveException', 'Service was not ACTIVE.');
export const clusterContainsContainerInstances = error('ClusterContainsContainerInstancesException', 'The Cluster cannot be deleted while Container Instances are active or draining.');
export const clusterContainsServices = error('ClusterContainsServicesException', 'The Cluster cannot be deleted while Services are active.');
export const clusterContainsTasks = error('ClusterContainsTasksException', 'The Cluster cannot be deleted while Tasks are active.');
export const taskDefinitionNotFound = error('ClientException', 'TaskDefinition not found.');
export const unableToDescribe = error('ClientException', 'Unable to describe task definition.');
export const taskDefinitionInactive = error('ClientException', 'TaskDefinition is inactive');
export const taskNotFound = error('InvalidParameterException', 'The referenced task was not found.');
export const executeCommandNotEnabled = error('InvalidParameterException',
  'The execute command failed because execute command was not enabled when the task was run or the execute command agent isn’t running. ' +
  'Wait and try again or run a new task with execute command enabled and try again.');
export const containerInstanceNotFound = error('InvalidParameterException', 'The referenced container instance was not found.');
export const targetNotFound = (words: string) => new AwsError('TargetNotFoundException', 400, words);
