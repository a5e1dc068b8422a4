import { AwsError } from '../../control/error.ts';

/** Systems Manager's errors, as the API reference of each operation lists them; all are 400. */
const make = <A extends unknown[]>(code: string, words: (...values: A) => string) => (...values: A) => new AwsError(code, 400, words(...values));

/** AWS sends no message with it. */
export const parameterNotFound = make('ParameterNotFound', () => '');
export const parameterVersionNotFound = make('ParameterVersionNotFound', (name: string, version: string) => `Systems Manager could not find version ${version} of ${name}. Verify the version and try again.`);
export const parameterAlreadyExists = make('ParameterAlreadyExists', () => 'The parameter already exists. To overwrite this value, set the overwrite option in the request to true.');
export const validation = make('ValidationException', (words: string) => words);
export const reservedName = make('AccessDeniedException', (name: string) => `No access to reserved parameter name: ${name}.`);
export const tooDeep = make('HierarchyLevelLimitExceededException', (name: string) => `Hierarchy depth: ${name} exceeds the limit of 15 levels.`);
export const typeMismatch = make('HierarchyTypeMismatchException', () => 'Parameter Store doesn\'t support changing a parameter type in a hierarchy. For example, you can\'t change a parameter from a String type to a SecureString type. You must create a new, unique parameter.');
export const patternMismatch = make('ParameterPatternMismatchException', (pattern: string) => `Parameter value, cannot be validated against allowedPattern: ${pattern}`);
export const invalidPattern = make('InvalidAllowedPatternException', (pattern: string) => `Parameter allowed pattern is not a valid regular expression: ${pattern}`);
export const invalidKeyId = make('InvalidKeyId', (id: string) => `Invalid keyId ${id}`);
export const invalidFilterKey = make('InvalidFilterKey', (key: string) => `The following filter key is not valid: ${key}. Valid filter keys include: [DataType, KeyId, Label, Name, Path, Tier, Type, tag:].`);
export const invalidFilterOption = make('InvalidFilterOption', (option: string) => `The following filter option is not valid: ${option}. Valid options include: [BeginsWith, Equals, Contains, Recursive, OneLevel].`);
export const invalidNextToken = make('InvalidNextToken', () => 'The specified token is not valid.');
export const invalidResourceId = make('InvalidResourceId', () => 'The resource ID is not valid. Verify that you entered the correct ID and try again.');
export const invalidResourceType = make('InvalidResourceType', () => 'The resource type is not valid. For example, if you are attempting to tag an EC2 instance, the instance must be a registered managed node.');
export const tooManyTags = make('TooManyTagsError', () => 'The Targets parameter includes too many tags. Remove one or more tags and try the command again.');
export const policiesNotThere = make('InvalidPolicyTypeException', () => 'Parameter policies: not implemented by Gantry.');
