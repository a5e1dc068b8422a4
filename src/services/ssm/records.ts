import { collection } from '../../control/collection.ts';

/** A parameter as it is now; each version that it had is kept beside it. */
export interface Parameter extends ParameterVersion {
  name: string;
  tags: Record<string, string>;
}

export interface ParameterVersion {
  version: number;
  type: 'String' | 'StringList' | 'SecureString';
  /** A SecureString's is sealed (`seal.ts`). */
  value: string;
  keyId?: string;
  description?: string;
  allowedPattern?: string;
  tier: 'Standard' | 'Advanced';
  dataType: string;
  modifiedAt: string;
  /** ARN of who wrote it. */
  modifiedBy: string;
  labels: string[];
}

export const parameters = collection<Parameter>('ssm/parameter');
/** By name, then by version (ten digits). */
export const versions = collection<ParameterVersion>('ssm/version');
export const versionKey = (version: number) => String(version).padStart(10, '0');
