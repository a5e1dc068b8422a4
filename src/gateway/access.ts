import { AwsError } from '../control/error.ts';
import { type Env, GLOBAL_REGION, type Principal, type RequestContext, type Service } from '../control/service.ts';
import { accessDeniedMessage, credential, decide } from '../services/iam/index.ts';
import type { ProtocolErrors, Request } from './protocols/protocol.ts';
import { readSignature, type Signature, staleness, verifies } from './sigv4.ts';

/** Who is calling and whether they may: the signature first, then policies. Every call passes through here. */

const MISMATCH = 'The request signature we calculated does not match the signature you provided. Check your AWS Secret Access Key and signing method. ' +
  'Consult the service documentation for details.';
/** IAM and STS are signed for us-east-1 whatever the region. */
const GLOBAL_SIGNING_REGION = 'us-east-1';

/** The principal whose valid signature the request carries; throws the protocol's own errors. `seconds`: how old it may be, whatever it says. */
export async function authenticate(request: Request, service: Service, errors: ProtocolErrors, env: Env, seconds?: number): Promise<Principal> {
  const signature = readSignature(request);
  if (!signature) throw errors.missingAuthentication();
  if ('malformed' in signature) throw new AwsError('IncompleteSignature', 400, signature.malformed);
  checkScope(signature, service, errors, env);
  const stale = staleness(seconds === undefined ? signature : { ...signature, expires: seconds }, env.now());
  if (stale) throw errors.expiredRequest(stale);
  const found = await credential(env, signature.accessKeyId);
  if (!found?.active || found.sessionToken !== signature.sessionToken) throw errors.unknownAccessKey();
  if (!verifies(request, signature, found.secretAccessKey)) throw errors.wrongSignature(MISMATCH);
  if (found.expiration && new Date(found.expiration) <= env.now()) throw errors.expiredToken();
  return found.principal;
}

export const anonymous = ({ installation: { account } }: Env): Principal => ({ type: 'Anonymous', account, arn: 'anonymous', userId: 'anonymous', identityArn: 'anonymous' });

function checkScope(signature: Signature, service: Service, errors: ProtocolErrors, env: Env) {
  const { region } = env.installation;
  if (signature.service !== (service.signingName ?? service.name)) {
    throw errors.wrongSignature(`Credential should be scoped to correct service: '${service.signingName ?? service.name}'.`);
  }
  if (signature.region !== region && signature.region !== GLOBAL_SIGNING_REGION && signature.region !== GLOBAL_REGION) {
    throw errors.wrongSignature(`Credential should be scoped to a valid region. This installation's region is '${region}'.`);
  }
  if (!signature.time.startsWith(signature.date)) {
    throw errors.wrongSignature(`Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '${signature.date}' != '${signature.time.slice(0, 8)}', from '${signature.time}'.`);
  }
}

/** The context in which an operation runs for this caller. */
export function contextFor(principal: Principal, facts: { requestId: string; sourceIp: string; userAgent: string }, errors: ProtocolErrors, env: Env): RequestContext {
  const { requestId, sourceIp, userAgent } = facts;
  return {
    ...env,
    account: principal.account,
    region: env.installation.region,
    principal,
    requestId,
    sourceIp,
    async authorize(action, resources, conditions = {}) {
      const context = {
        'aws:RequestedRegion': env.installation.region,
        'aws:SecureTransport': 'false',
        'aws:SourceIp': sourceIp,
        'aws:UserAgent': userAgent,
        ...conditions,
      };
      const asked = { principal, action, resources, context };
      const decision = await decide(env, asked);
      if (!decision.allowed) throw errors.accessDenied(accessDeniedMessage(asked, decision));
    },
  };
}
