import type { IncomingMessage } from 'node:http';
import type { Env, Principal } from '../../../control/service.ts';
import { accessDeniedMessage, decide } from '../../iam/index.ts';
import type { Repository } from '../records.ts';
import { readToken } from '../token.ts';
import type { Call } from './call.ts';
import { RegistryError } from './errors.ts';

/** Whom the Basic credentials stand for: user `AWS`, and a token of GetAuthorizationToken as the password. */
export async function authenticate(env: Env, request: IncomingMessage): Promise<Principal> {
  const [scheme = '', encoded = ''] = (request.headers.authorization ?? '').split(' ');
  const [user, password = ''] = scheme.toLowerCase() === 'basic' ? Buffer.from(encoded, 'base64').toString().split(/:(.*)/s) : [];
  if (user !== 'AWS') throw new RegistryError('UNAUTHORIZED', 'Not Authorized');
  const principal = await readToken(env, password);
  if (principal === 'expired') throw new RegistryError('DENIED', 'Your authorization token has expired. Reauthenticate and try again.');
  if (principal === 'invalid') throw new RegistryError('DENIED', 'Your Authorization Token is invalid.');
  return principal;
}

/** Throws DENIED unless the principal's policies allow it here. */
export async function authorize(call: Call, action: string, repository: Pick<Repository, 'arn'>): Promise<void> {
  const { env, principal, request } = call;
  const asked = {
    principal, action: `ecr:${action}`, resources: [repository.arn],
    context: { 'aws:SourceIp': request.socket.remoteAddress ?? '', 'aws:RequestedRegion': env.installation.region, 'aws:SecureTransport': 'false' },
  };
  const decision = await decide(env, asked);
  if (!decision.allowed) throw new RegistryError('DENIED', accessDeniedMessage(asked, decision));
}
