import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { AwsError } from '../../control/error.ts';
import type { Scope, Surface, SurfaceEnv } from '../../control/service.ts';
import { identify } from './access/identify.ts';
import { authenticatorSaid, takeLogs } from './logs.ts';
import type { LogBatch } from './logs.ts';
import { EKS_PATH } from './paths.ts';
import { clusters, pkis } from './records.ts';
import type { Cluster } from './records.ts';

/**
 * What the members of a control plane talk to:
 *
 *   POST /_gantry/eks/<cluster>/authenticate   TokenReview to TokenReview: who a token of `aws eks get-token` is
 *   POST /_gantry/eks/<cluster>/logs           LogBatch; with the cluster's token as bearer
 *
 * Upstream's webhook sends no credentials over plain HTTP. None are needed: who has a token can ask the API server itself who it is.
 */
export const memberSurface: Surface = {
  matches: (request) => request.url?.startsWith(EKS_PATH) ?? false,
  async handle(request, response, env) {
    const [name = '', what] = (request.url ?? '').split('?')[0]!.slice(EKS_PATH.length).split('/').map(decodeURIComponent);
    const scope = { account: env.installation.account, region: env.installation.region };
    const cluster = (await clusters.get(env.store, scope, name))?.value;
    if (!cluster || request.method !== 'POST' || (what !== 'authenticate' && what !== 'logs')) return reply(response, 404, { message: 'no such path' });
    if (what === 'logs' && !(await authorised(request, env, scope, name))) return reply(response, 401, { message: 'wrong token' });
    const body = JSON.parse(await bodyOf(request)) as unknown;
    if (what === 'authenticate') return reply(response, 200, await review(body as TokenReview, cluster, scope, env));
    await takeLogs(env, scope, cluster, body as LogBatch);
    return reply(response, 200, {});
  },
};

/** https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/token-review-v1/ */
interface TokenReview {
  spec?: { token?: string };
}

const PREFIX = 'k8s-aws-v1.';
/** As aws-iam-authenticator: a token holds for 15 minutes, whatever the signature says of itself. */
const TOKEN_SECONDS = 15 * 60;
const MOST_BYTES = 4 * 1024 * 1024;
const CLUSTER_HEADER = 'x-k8s-aws-id';

async function review({ spec }: TokenReview, cluster: Cluster, scope: Scope, env: SurfaceEnv) {
  const answer = (status: object) => ({ apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', status });
  try {
    const principal = await signerOf(spec?.token ?? '', cluster, env);
    const user = await identify(env, scope, cluster, principal);
    authenticatorSaid(env, scope, cluster, user ? 'info' : 'warning', user ? 'access granted' : 'access denied', { arn: principal.arn, ...(user ? { username: user.username, groups: user.groups.join(',') } : { error: 'ARN is not mapped' }) });
    return answer(user ? { authenticated: true, user } : { authenticated: false });
  } catch (error) {
    if (!(error instanceof AwsError)) throw error;
    authenticatorSaid(env, scope, cluster, 'warning', 'access denied', { error: error.message });
    return answer({ authenticated: false });
  }
}

/** A token is the URL of a presigned sts:GetCallerIdentity, signed for this cluster: https://github.com/kubernetes-sigs/aws-iam-authenticator */
async function signerOf(token: string, cluster: Cluster, env: SurfaceEnv) {
  const refused = (why: string) => new AwsError('Unauthorized', 401, why);
  if (!token.startsWith(PREFIX)) throw refused('token is missing expected "k8s-aws-v1." prefix');
  const decoded = Buffer.from(token.slice(PREFIX.length), 'base64url').toString();
  const url = URL.canParse(decoded) ? new URL(decoded) : undefined;
  if (!url || url.pathname !== '/' || url.searchParams.get('Action') !== 'GetCallerIdentity') throw refused('unexpected action or path in pre-signed URL');
  if (!url.searchParams.get('X-Amz-SignedHeaders')?.split(';').includes(CLUSTER_HEADER)) throw refused(`client did not sign the ${CLUSTER_HEADER} header in the pre-signed URL`);
  return env.presignedBy(url, { host: url.host, [CLUSTER_HEADER]: cluster.name }, 'sts', TOKEN_SECONDS);
}

async function authorised(request: IncomingMessage, env: SurfaceEnv, scope: Scope, name: string): Promise<boolean> {
  const token = (await pkis.get(env.store, scope, name))?.value.token;
  const wanted = Buffer.from(`Bearer ${token}`);
  const given = Buffer.from(request.headers.authorization ?? '');
  return token !== undefined && given.length === wanted.length && timingSafeEqual(given, wanted);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MOST_BYTES) throw new RangeError(`the body is longer than ${MOST_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

function reply(response: ServerResponse, status: number, value: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(value));
}
