import { AwsError } from '../../../control/error.ts';

/** Errors of the distribution spec: https://github.com/opencontainers/distribution-spec/blob/v1.1.0/spec.md#error-codes */
const STATUS = {
  BLOB_UNKNOWN: 404,
  BLOB_UPLOAD_INVALID: 416,
  BLOB_UPLOAD_UNKNOWN: 404,
  DENIED: 403,
  DIGEST_INVALID: 400,
  MANIFEST_BLOB_UNKNOWN: 400,
  MANIFEST_INVALID: 400,
  MANIFEST_UNKNOWN: 404,
  NAME_INVALID: 400,
  NAME_UNKNOWN: 404,
  SIZE_INVALID: 400,
  TAG_INVALID: 400,
  UNAUTHORIZED: 401,
  UNSUPPORTED: 405,
} as const;

export type RegistryErrorCode = keyof typeof STATUS;

export class RegistryError extends Error {
  readonly code: RegistryErrorCode;
  readonly status: number;
  constructor(code: RegistryErrorCode, message: string) {
    super(message);
    this.code = code;
    this.status = STATUS[code];
  }
}

/** What the API calls it, and what a registry does. */
const FROM_API: Record<string, RegistryErrorCode> = {
  EmptyUploadException: 'BLOB_UPLOAD_INVALID',
  ImageDigestDoesNotMatchException: 'DIGEST_INVALID',
  ImageNotFoundException: 'MANIFEST_UNKNOWN',
  ImageTagAlreadyExistsException: 'TAG_INVALID',
  InvalidLayerException: 'DIGEST_INVALID',
  InvalidLayerPartException: 'BLOB_UPLOAD_INVALID',
  InvalidParameterException: 'MANIFEST_INVALID',
  LayersNotFoundException: 'MANIFEST_BLOB_UNKNOWN',
  ReferencedImagesNotFoundException: 'MANIFEST_BLOB_UNKNOWN',
  RepositoryNotFoundException: 'NAME_UNKNOWN',
  UploadNotFoundException: 'BLOB_UPLOAD_UNKNOWN',
};

/** Undefined: a fault of ours. */
export function asRegistryError(error: unknown): RegistryError | undefined {
  if (error instanceof RegistryError) return error;
  const code = error instanceof AwsError ? FROM_API[error.code] : undefined;
  return code && new RegistryError(code, (error as AwsError).message);
}
