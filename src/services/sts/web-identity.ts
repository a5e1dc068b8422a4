import type { AssumeRoleWithWebIdentityCommandInput } from '@aws-sdk/client-sts';
import { createLocalJWKSet, decodeJwt, errors, jwtVerify, type JWK, type JWTPayload } from 'jose';
import type { RequestContext } from '../../control/service.ts';
import { issuerKeys } from '../eks/index.ts';
import { assumeRole, openIdConnectProvider, signingKeysOf } from '../iam/index.ts';
import { sessionOf } from './assume-role.ts';
import { expiredToken, invalidIdentityToken, validationError } from './errors.ts';

const ALGORITHMS = ['RS256', 'RS384', 'RS512', 'ES256', 'ES384', 'ES512'];

/** Nobody signs this call: the token says who asks, a provider of the account vouches for it, and the role's trust policy decides. */
export async function assumeRoleWithWebIdentity(input: AssumeRoleWithWebIdentityCommandInput, context: RequestContext) {
  if (input.ProviderId !== undefined) throw validationError('ProviderId is for OAuth 2.0 access tokens, which are not supported by Gantry.');
  const { size, ...session } = sessionOf(input);
  const token = input.WebIdentityToken ?? '';
  const issuer = issuerOf(token);
  const provider = await openIdConnectProvider(context, context, issuer);
  if (!provider) throw invalidIdentityToken(`No OpenIDConnect provider found in your account for ${issuer}`);
  const keys = (await issuerKeys(context, issuer)) ?? (await signingKeysOf(issuer, provider.thumbprints).catch((error: unknown) => {
    context.log('the keys of an OpenID Connect provider cannot be read', { issuer, error: String(error) });
    throw noKey();
  }));
  const claims = await verifyToken(token, keys, context.now());
  const { subject, audience } = identityOf(claims, provider.clientIds);
  const key = (claim: string) => `${provider.url}:${claim}`;
  const { credentials, assumedRoleUser } = await assumeRole(context, context, {
    ...session, provider: provider.arn, conditions: { 'aws:SourceIp': context.sourceIp, [key('sub')]: subject, [key('aud')]: audience },
  });
  return {
    Credentials: { ...credentials, Expiration: new Date(credentials.Expiration) },
    SubjectFromWebIdentityToken: subject,
    AssumedRoleUser: assumedRoleUser,
    ...(size ? { PackedPolicySize: size } : {}),
    Provider: provider.arn,
    Audience: audience,
  };
}

const noKey = () => invalidIdentityToken("Couldn't retrieve verification key from your identity provider,  please reference AssumeRoleWithWebIdentity documentation for requirements");
const notValid = () => invalidIdentityToken('The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)');

function issuerOf(token: string): string {
  try {
    const { iss } = decodeJwt(token);
    if (iss !== undefined) return iss;
  } catch {
    throw notValid();
  }
  throw invalidIdentityToken('Missing a required claim: iss');
}

/** The claims of a token that one of the keys has signed and that holds now; STS's errors for any other. */
export async function verifyToken(token: string, keys: JWK[], now: Date): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, createLocalJWKSet({ keys }), { algorithms: ALGORITHMS, currentDate: now, requiredClaims: ['iss', 'sub', 'aud', 'exp', 'iat'] });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw expiredToken(now, Number(error.payload.exp));
    if (error instanceof errors.JWTClaimValidationFailed) {
      throw invalidIdentityToken(error.reason === 'missing' ? `Missing a required claim: ${error.claim}` : `Token is not valid: ${error.message}`);
    }
    if (error instanceof errors.JWSSignatureVerificationFailed) throw invalidIdentityToken('Token signature invalid');
    if (error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWKSMultipleMatchingKeys) throw noKey();
    if (error instanceof errors.JOSEError) throw notValid();
    throw error;
  }
}

/** For whom the token is (`azp`, where it has one) must be a client of the provider. */
export function identityOf({ sub = '', aud = [], azp }: JWTPayload, clientIds: string[]): { subject: string; audience: string } {
  const audiences = typeof azp === 'string' ? [azp] : [aud].flat();
  const audience = audiences.find((one) => clientIds.includes(one));
  if (audience === undefined) throw invalidIdentityToken('Incorrect token audience');
  return { subject: sub, audience };
}
