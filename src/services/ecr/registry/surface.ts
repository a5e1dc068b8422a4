import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Env, Scope, Surface } from '../../../control/service.ts';
import { repositoryNotFound } from '../errors.ts';
import { requireRepository } from '../lookups.ts';
import { registryHost, repositoryArn } from '../naming.ts';
import { repositories } from '../records.ts';
import { isLayerLink } from '../token.ts';
import { authenticate, authorize } from './access.ts';
import { readBlob } from './blobs.ts';
import { send, sendJson } from './call.ts';
import type { Call, RepositoryCall } from './call.ts';
import { asRegistryError, RegistryError } from './errors.ts';
import { listRepositories, listTags } from './listing.ts';
import { deleteManifest, getManifest, listReferrers, putManifest } from './manifests.ts';
import { routeOf } from './routes.ts';
import type { Route } from './routes.ts';
import { beginUpload, continueUpload, dropUpload, endUpload, uploadStatus } from './uploads.ts';

/** The registry of the installation's account, at /v2/ on the gateway, whatever the host name. OCI distribution spec 1.1. */
export const registry: Surface = {
  matches: ({ url = '', headers }) => /^\/v2(?=$|[/?])/.test(url) && !headers.authorization?.startsWith('AWS4-'),
  async handle(request, response, env) {
    response.setHeader('docker-distribution-api-version', 'registry/2.0');
    const scope: Scope = { account: env.installation.account, region: env.installation.region };
    try {
      await answer(request, response, env, scope);
    } catch (error) {
      refuse(request, response, env, scope, error);
    }
  },
};

async function answer(request: IncomingMessage, response: ServerResponse, env: Env, scope: Scope): Promise<void> {
  const [path = '', search = ''] = (request.url ?? '').split(/\?(.*)/s);
  const query = new URLSearchParams(search);
  const route = routeOf(path.replaceAll(/%3a/gi, ':'));
  if (route && route !== 'badName' && route.kind === 'blob' && request.method === 'GET' && query.has('signature')) {
    const repository = await requireRepository(env, scope, route.name);
    if (await isLayerLink(env, scope, repository.value.id, route.digest, query)) return readBlob({ env, scope, request, response, repository }, route.digest);
  }
  const call: Call = { env, scope, request, response, query, principal: await authenticate(env, request) };
  if (route === 'badName') throw new RegistryError('NAME_INVALID', 'invalid repository name');
  if (!route) throw new RegistryError('UNSUPPORTED', `${path} is not an end-point of the registry`);
  if (route.kind === 'base') return sendJson(call, 200, {});
  if (route.kind === 'catalog') {
    await authorize(call, 'DescribeRepositories', { arn: repositoryArn(scope, '*') });
    return listRepositories(call);
  }
  const step = stepOf(route, request.method ?? 'GET');
  if (!step) throw new RegistryError('UNSUPPORTED', `The operation ${request.method} ${path} is unsupported.`);
  // Permission comes first: who may not touch a repository is not told whether it is there.
  const repository = await repositories.get(env.store, scope, route.name);
  await authorize(call, step.action, repository?.value ?? { arn: repositoryArn(scope, route.name) });
  if (!repository) throw repositoryNotFound(scope.account, route.name);
  await step.run({ ...call, repository });
}

interface Step {
  /** ECR's IAM action for it: https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html */
  action: string;
  run(call: RepositoryCall): Promise<void>;
}

function stepOf(route: Exclude<Route, { kind: 'base' | 'catalog' }>, method: string): Step | undefined {
  switch (`${method} ${route.kind}`) {
    case 'GET tags': return { action: 'ListImages', run: listTags };
    case 'POST uploads': return { action: 'InitiateLayerUpload', run: beginUpload };
  }
  switch (route.kind) {
    case 'manifest': return manifestStep(route.reference, method);
    case 'blob': return blobStep(route.digest, method);
    case 'upload': return uploadStep(route.uploadId, method);
    case 'referrers': return method === 'GET' ? { action: 'BatchGetImage', run: (call) => listReferrers(call, route.digest) } : undefined;
    case 'tags':
    case 'uploads': return undefined;
  }
}

function manifestStep(reference: string, method: string): Step | undefined {
  switch (method) {
    case 'HEAD':
    case 'GET': return { action: 'BatchGetImage', run: (call) => getManifest(call, reference) };
    case 'PUT': return { action: 'PutImage', run: (call) => putManifest(call, reference) };
    case 'DELETE': return { action: 'BatchDeleteImage', run: (call) => deleteManifest(call, reference) };
    default: return undefined;
  }
}

function blobStep(digest: string, method: string): Step | undefined {
  switch (method) {
    case 'HEAD': return { action: 'BatchCheckLayerAvailability', run: (call) => readBlob(call, digest) };
    case 'GET': return { action: 'GetDownloadUrlForLayer', run: (call) => readBlob(call, digest) };
    default: return undefined;
  }
}

function uploadStep(uploadId: string, method: string): Step | undefined {
  switch (method) {
    case 'GET': return { action: 'UploadLayerPart', run: (call) => uploadStatus(call, uploadId) };
    case 'PATCH': return { action: 'UploadLayerPart', run: (call) => continueUpload(call, uploadId) };
    case 'PUT': return { action: 'CompleteLayerUpload', run: (call) => endUpload(call, uploadId) };
    case 'DELETE': return { action: 'UploadLayerPart', run: (call) => dropUpload(call, uploadId) };
    default: return undefined;
  }
}

function refuse(request: IncomingMessage, response: ServerResponse, env: Env, scope: Scope, error: unknown): void {
  // Half an answer, or nobody there to read one.
  if (response.headersSent || request.destroyed && !request.complete) return void response.destroy();
  const known = asRegistryError(error);
  if (!known) {
    env.log('the registry failed', { url: request.url, error: error instanceof Error ? error.stack : String(error) });
    return sendJson({ request, response }, 500, { errors: [{ code: 'UNKNOWN', message: 'internal failure' }] });
  }
  const challenge: Record<string, string> = known.status === 401 ? { 'www-authenticate': `Basic realm="http://${registryHost(env, scope)}/",service="ecr.amazonaws.com"` } : {};
  if (request.method === 'HEAD') return send({ request, response }, known.status, challenge);
  sendJson({ request, response }, known.status, { errors: [{ code: known.code, message: known.message }] }, challenge);
}
