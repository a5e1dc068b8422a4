import { AwsError } from '../../control/error.ts';

/** https://docs.aws.amazon.com/autoscaling/ec2/APIReference/CommonErrors.html and each operation's page; all are 400. */
const make = <A extends unknown[]>(code: string, words: (...values: A) => string) => (...values: A) => new AwsError(code, 400, words(...values));

export const validation = make('ValidationError', (words: string) => words);
export const groupNotFound = make('ValidationError', (name: string) => `AutoScalingGroup name not found - AutoScalingGroup '${name}' not found`);
export const groupExists = make('AlreadyExists', (name: string) => `AutoScalingGroup by this name already exists - A group with the name ${name} already exists`);
export const instanceNotFound = make('ValidationError', (id: string) => `Instance Id not found - No managed instance found for instance ID: ${id}`);
export const configurationNotFound = make('ValidationError', (name: string) => `Launch configuration name not found - Launch configuration ${name} not found`);
export const configurationExists = make('AlreadyExists', (name: string) => `Launch Configuration by this name already exists - A launch configuration already exists with the name ${name}`);
export const configurationInUse = make('ResourceInUse', (name: string, group: string) => `Cannot delete launch configuration ${name} because it is attached to AutoScalingGroup ${group}`);
export const groupInUse = make('ResourceInUse', () => 'You cannot delete an AutoScalingGroup while there are instances or pending Spot instance request(s) still in the group.');
export const activityInProgress = make('ScalingActivityInProgress', (name: string) => `You cannot delete an AutoScalingGroup while there are scaling activities in progress for that group: ${name}`);
export const aboveMax = make('ValidationError', (value: number, max: number) => `New SetDesiredCapacity value ${value} is above max value ${max} for the AutoScalingGroup.`);
export const belowMin = make('ValidationError', (value: number, min: number) => `New SetDesiredCapacity value ${value} is below min value ${min} for the AutoScalingGroup.`);
export const notBetween = make('ValidationError', (desired: number, min: number, max: number) => `Desired capacity:${desired} must be between the specified min size:${min} and max size:${max}`);
export const invalidNextToken = make('InvalidNextToken', () => 'The NextToken value is not valid.');
