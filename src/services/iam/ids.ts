import type { Env } from '../../control/service.ts';

/** Unique ids, https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html#identifiers-unique-ids */

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const base32 = (env: Env, length: number) =>
  [...Buffer.from(env.randomHex(2 * length), 'hex')].map((byte) => BASE32[byte % 32]).join('');

export const uniqueId = (env: Env, prefix: 'AIDA' | 'AROA' | 'AGPA' | 'ANPA' | 'AIPA') => `${prefix}${base32(env, 17)}`;
export const newAccessKeyId = (env: Env, prefix: 'AKIA' | 'ASIA') => `${prefix}${base32(env, 16)}`;
/** 40 characters. */
export const newSecret = (env: Env) => Buffer.from(env.randomHex(60), 'hex').toString('base64');
export const newSessionToken = (env: Env) => `IQoJb3JpZ2luX2Vj${Buffer.from(env.randomHex(480), 'hex').toString('base64')}`;

/** ISO 8601 to the second, as IAM and STS tell times. */
export const toSeconds = (date: Date) => `${date.toISOString().slice(0, 19)}Z`;
