import type { Env, Scope } from '../../control/service.ts';
import { invalidParameter } from './errors.ts';

const NAME = '[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*(\\/[a-z0-9]+((\\.|_|__|-+)[a-z0-9]+)*)*';
const NAME_PATTERN = new RegExp(`^${NAME}$`);
export const TAG_PATTERN = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,299}$/;
export const DIGEST_PATTERN = /^sha256:[a-f0-9]{64}$/;

export const isRepositoryName = (name: string) => name.length <= 256 && NAME_PATTERN.test(name);

export function checkRepositoryName(name: string): string {
  if (name.length < 2) throw invalidParameter('repositoryName', 'must have length greater than or equal to 2');
  if (name.length > 256) throw invalidParameter('repositoryName', 'must have length less than or equal to 256');
  if (!NAME_PATTERN.test(name)) throw invalidParameter('repositoryName', `must satisfy regular expression '${NAME}'`);
  return name;
}

export const repositoryArn = (scope: Scope, name: string) => `arn:aws:ecr:${scope.region}:${scope.account}:repository/${name}`;

/** `<account>.dkr.ecr.<region>.<domain>:<port>` */
export const registryHost = ({ installation }: Env, { account, region }: Scope) => `${account}.dkr.ecr.${region}.${installation.domain}:${installation.port}`;
