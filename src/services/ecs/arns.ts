import type { Env, Scope } from '../../control/service.ts';
import { clusterNotFound, invalid } from './errors.ts';
import type { ContainerInstance, Service, ServiceDeployment, Task } from './records.ts';
import { uuid } from '../../control/uuid.ts';

/**
 * ARNs of ECS, in the long format: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-account-settings.html
 *
 *   cluster/<name>   service/<cluster>/<name>   task/<cluster>/<id>   container-instance/<cluster>/<id>   container/<cluster>/<task>/<id>
 *   service-deployment/<cluster>/<service>/<id>   service-revision/<cluster>/<service>/<digits>
 *   task-definition/<family>:<revision>   capacity-provider/<name>   attachment/<id>
 */
export const arn = (scope: Scope, resource: string) => `arn:aws:ecs:${scope.region}:${scope.account}:${resource}`;
export const clusterArn = (scope: Scope, name: string) => arn(scope, `cluster/${name}`);
export const taskDefinitionArn = (scope: Scope, familyAndRevision: string) => arn(scope, `task-definition/${familyAndRevision}`);
export const serviceArn = (scope: Scope, service: Pick<Service, 'cluster' | 'name'>) => arn(scope, `service/${service.cluster}/${service.name}`);
export const serviceDeploymentArn = (scope: Scope, { cluster, service, id }: Pick<ServiceDeployment, 'cluster' | 'service' | 'id'>) => arn(scope, `service-deployment/${cluster}/${service}/${id}`);
export const serviceRevisionArn = (scope: Scope, service: Pick<Service, 'cluster' | 'name'>, id: string) => arn(scope, `service-revision/${service.cluster}/${service.name}/${id}`);
export const taskArn = (scope: Scope, task: Pick<Task, 'cluster' | 'id'>) => arn(scope, `task/${task.cluster}/${task.id}`);
export const containerInstanceArn = (scope: Scope, instance: Pick<ContainerInstance, 'cluster' | 'id'>) => arn(scope, `container-instance/${instance.cluster}/${instance.id}`);
export const containerArn = (scope: Scope, task: Pick<Task, 'cluster' | 'id'>, id: string) => arn(scope, `container/${task.cluster}/${task.id}/${id}`);
export const attachmentArn = (scope: Scope, id: string) => arn(scope, `attachment/${id}`);
export const capacityProviderArn = (scope: Scope, name: string) => arn(scope, `capacity-provider/${name}`);

export interface ParsedArn extends Scope {
  /** `cluster`, `task` … */
  type: string;
  /** What follows the type, split at slashes. */
  parts: string[];
}

/** Types whose ARNs have more parts than a cluster and a name. */
const DEEP = ['container', 'service-deployment', 'service-revision'];

/**
 * `undefined` if it is not an ARN of ECS. One with more parts than its type has is none: IAM is asked about the text as it is given, and
 * what may be touched by that must be what is touched.
 */
export function parseArn(text: string): ParsedArn | undefined {
  const match = /^arn:[^:]+:ecs:([^:]+):(\d{12}):([a-z-]+)\/(.+)$/.exec(text);
  if (!match) return undefined;
  const [, region = '', account = '', type = '', rest = ''] = match;
  const parts = rest.split('/');
  return parts.length > (DEEP.includes(type) ? 3 : 2) ? undefined : { region, account, type, parts };
}

/** The name of a cluster given as name or ARN. Errors: ClusterNotFoundException for an ARN of another account or region. */
export function clusterName(scope: Scope, given: string | undefined): string {
  if (!given) return 'default';
  if (!given.startsWith('arn:')) return given;
  const parsed = parseArn(given);
  if (!parsed || parsed.type !== 'cluster') throw invalid('Invalid identifier: Unexpected ARN resource type.');
  if (parsed.account !== scope.account || parsed.region !== scope.region) throw clusterNotFound();
  return parsed.parts[0] ?? '';
}

/**
 * The id or name of a task, container instance or service in a cluster, given as such or as an ARN (old format, without the cluster,
 * too). Errors: InvalidParameterException for an ARN of another kind, account, region or cluster.
 */
export function idIn(scope: Scope, cluster: string, type: 'task' | 'container-instance' | 'service', given: string): string {
  if (!given.startsWith('arn:')) return given;
  const parsed = parseArn(given);
  if (!parsed || parsed.type !== type) throw invalid('Invalid identifier: Unexpected ARN resource type.');
  if (parsed.region !== scope.region) throw invalid(`Identifier is for ${parsed.region}. Your region is ${scope.region}`);
  if (parsed.account !== scope.account) throw invalid(`Identifier is for ${parsed.account}. Your accountId is ${scope.account}`);
  if (parsed.parts.length > 1 && parsed.parts[0] !== cluster) throw invalid(`Identifier is for cluster ${parsed.parts[0]}. Your cluster is ${cluster}`);
  return parsed.parts.at(-1) ?? '';
}

/** 32 hexadecimal digits, as ids of tasks and container instances are. */
export const newId = (env: Pick<Env, 'randomHex'>) => env.randomHex(32);

export function newUuid(env: Pick<Env, 'randomHex'>): string {
  return uuid(env.randomHex(32));
}

const DEPLOYMENT = 'ecs-svc/';

/** The revision of a deployment. */
export const revisionOf = (deploymentId: string) => deploymentId.slice(DEPLOYMENT.length);

/** 21 characters of Base64's alphabet for URLs. */
export const newServiceDeploymentId = (env: Pick<Env, 'randomHex'>) => Buffer.from(env.randomHex(32), 'hex').toString('base64url').slice(0, 21);

/** `ecs-svc/` and 19 digits. */
export function newDeploymentId(env: Pick<Env, 'randomHex'>): string {
  return `${DEPLOYMENT}${(BigInt(`0x${env.randomHex(16)}`) % 10n ** 19n).toString().padStart(19, '0')}`;
}
