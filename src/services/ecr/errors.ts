import { camelPath, demand } from '../../control/constraints.ts';
import type { Fault } from '../../control/constraints.ts';
import { AwsError } from '../../control/error.ts';
import type { Scope } from '../../control/service.ts';

/** Errors of https://docs.aws.amazon.com/AmazonECR/latest/APIReference/, all of them 400. */
export type EcrErrorCode =
  | 'EmptyUploadException' | 'ImageAlreadyExistsException' | 'ImageDigestDoesNotMatchException' | 'ImageNotFoundException' | 'ImageTagAlreadyExistsException'
  | 'InvalidLayerException' | 'InvalidLayerPartException' | 'InvalidParameterException' | 'InvalidTagParameterException' | 'LayerAlreadyExistsException'
  | 'LayerInaccessibleException' | 'LayersNotFoundException' | 'LifecyclePolicyNotFoundException' | 'LifecyclePolicyPreviewNotFoundException' | 'LimitExceededException'
  | 'ReferencedImagesNotFoundException' | 'RepositoryAlreadyExistsException' | 'RepositoryNotEmptyException' | 'RepositoryNotFoundException'
  | 'RepositoryPolicyNotFoundException' | 'TooManyTagsException' | 'UnsupportedImageTypeException' | 'UploadNotFoundException';

export const failure = (code: EcrErrorCode, message: string, fields: Record<string, unknown> = {}) => new AwsError(code, 400, message, fields);

export const invalidParameter = (parameter: string, constraint: string) =>
  failure('InvalidParameterException', `Invalid parameter at '${parameter}' failed to satisfy constraint: '${constraint}'`);

/** ECR tells of one fault, in words of its own. */
export const invalidInput = (fault: Fault) =>
  invalidParameter(camelPath(fault), fault.broken.rule === 'pattern' ? `must satisfy regular expression '${fault.broken.pattern}'` : `must ${demand(fault.broken)}`);

/** `… with name 'x' … in the registry with id '1'` */
const where = (scope: Scope, name: string) => `the repository with name '${name}' in the registry with id '${scope.account}'`;

export const repositoryNotFound = (registryId: string, name: string) =>
  failure('RepositoryNotFoundException', `The repository with name '${name}' does not exist in the registry with id '${registryId}'`);

export const imageNotFound = (scope: Scope, name: string, { imageDigest, imageTag }: { imageDigest?: string; imageTag?: string }) =>
  failure('ImageNotFoundException', `The image with imageId {imageDigest:'${imageDigest ?? 'null'}', imageTag:'${imageTag ?? 'null'}'} does not exist within ${where(scope, name)}`);

export const lifecyclePolicyNotFound = (scope: Scope, name: string) => failure('LifecyclePolicyNotFoundException', `Lifecycle policy does not exist for ${where(scope, name)}`);

export const repositoryPolicyNotFound = (scope: Scope, name: string) => failure('RepositoryPolicyNotFoundException', `Repository policy does not exist for ${where(scope, name)}`);

export const uploadNotFound = (scope: Scope, name: string, uploadId: string) => failure('UploadNotFoundException', `The upload with id '${uploadId}' does not exist in ${where(scope, name)}`);

export const layersNotFound = (scope: Scope, name: string, digests: string[]) => failure('LayersNotFoundException', `Layers '[${digests.join(', ')}]' do not exist in ${where(scope, name)}`);
