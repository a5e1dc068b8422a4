import type { IncomingMessage } from 'node:http';
import type { Env, Principal } from '../../../control/service.ts';
import { accessDeniedMessage, askResourcePolicy, decide } from '../../iam/index.ts';
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

/**
 * Throws DENIED unless the principal's own policies or the repository's allow it, and none denies it. `policyText`: the repository's.
 * https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html
 */
export async function authorize(call: Call, action: string, { arn, policyText }: Pick<Repository, 'arn' | 'policyText'>): Promise<void> {
  const { env, principal, request } = call;
  const asked = {
    principal, action: `ecr:${action}`, resources: [arn],
    context: { 'aws:SourceIp': request.socket.remoteAddress ?? '', 'aws:RequestedRegion': env.installation.region, 'aws:SecureTransport': 'false' },
  };
  const trust = policyText === undefined ? 'none' : askResourcePolicy(env, policyText, asked);
  if (trust === 'explicitDeny') {
    throw new RegistryError('DENIED', `User: ${principal.arn} is not authorized to perform: ${asked.action} on resource: ${arn} with an explicit deny in a resource-based policy`);
  }
  const decision = await decide(env, asked);
  // The repository's policy stands in for a missing permission only, not for a boundary's or a session's.
  const granted = trust === 'direct' && !decision.allowed && !decision.explicit && decision.reason === 'identity-based policy';
  if (!decision.allowed && !granted) throw new RegistryError('DENIED', accessDeniedMessage(asked, decision));
}
