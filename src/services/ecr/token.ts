import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Env, Principal, Scope } from '../../control/service.ts';
import { signingKeys } from './records.ts';

/**
 * Registry tokens and download links carry what they allow, signed with a key of this installation: nothing is stored for them, and
 * they outlive a restart. A token stands for the principal that asked for it, whose policies are asked at each use.
 */
const KEY_NAME = 'registry';
export const TOKEN_HOURS = 12;

/** Once; later starts find it. */
export async function seedSigningKey(env: Env): Promise<void> {
  await env.store.commit([signingKeys.put(keyOf(env), { hex: env.randomHex(64) }, 0)]);
}

const keyOf = ({ installation: { account, region } }: Env) => signingKeys.key({ account, region }, KEY_NAME);

async function sign(env: Env, text: string): Promise<string> {
  const key = await signingKeys.at(env.store, keyOf(env));
  if (!key) throw new Error('the signing key of the registry is missing');
  return createHmac('sha256', Buffer.from(key.value.hex, 'hex')).update(text).digest('base64url');
}

async function isSigned(env: Env, text: string, signature: string): Promise<boolean> {
  const [expected, given] = [Buffer.from(await sign(env, text)), Buffer.from(signature)];
  return expected.length === given.length && timingSafeEqual(expected, given);
}

interface Claims {
  principal: Principal;
  /** Milliseconds. */
  expires: number;
}

/** The password of `docker login`, whose user is `AWS`. */
export async function makeToken(env: Env, principal: Principal): Promise<{ token: string; expiresAt: Date }> {
  const expires = env.now().getTime() + TOKEN_HOURS * 3_600_000;
  const claims = Buffer.from(JSON.stringify({ principal, expires } satisfies Claims)).toString('base64url');
  return { token: `${claims}.${await sign(env, `token:${claims}`)}`, expiresAt: new Date(expires) };
}

export async function readToken(env: Env, token: string): Promise<Principal | 'expired' | 'invalid'> {
  const [claims = '', signature = ''] = token.split('.');
  if (!(await isSigned(env, `token:${claims}`, signature))) return 'invalid';
  const { principal, expires } = JSON.parse(Buffer.from(claims, 'base64url').toString()) as Claims;
  return expires > env.now().getTime() ? principal : 'expired';
}

const LINK_MINUTES = 60;

/** The query of a link that lets anybody read one layer of one repository for an hour, as S3's presigned ones do. */
export async function layerLink(env: Env, scope: Scope, repositoryId: string, digest: string): Promise<string> {
  const expires = String(env.now().getTime() + LINK_MINUTES * 60_000);
  return new URLSearchParams({ expires, signature: await sign(env, linkText(scope, repositoryId, digest, expires)) }).toString();
}

export async function isLayerLink(env: Env, scope: Scope, repositoryId: string, digest: string, query: URLSearchParams): Promise<boolean> {
  const [expires, signature] = [query.get('expires') ?? '', query.get('signature') ?? ''];
  return Number(expires) > env.now().getTime() && isSigned(env, linkText(scope, repositoryId, digest, expires), signature);
}

const linkText = ({ account, region }: Scope, repositoryId: string, digest: string, expires: string) => ['link', account, region, repositoryId, digest, expires].join(':');
