import { createHmac, createSecretKey, hash, timingSafeEqual, type KeyObject } from 'node:crypto';
import type { Request } from './protocols/protocol.ts';

/**
 * The server's side of Signature Version 4, in the Authorization header or in a presigned URL.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export interface Signature {
  accessKeyId: string;
  /** `20260101` */
  date: string;
  region: string;
  service: string;
  signedHeaders: string[];
  signature: string;
  /** `20260101T000000Z` */
  time: string;
  sessionToken: string | undefined;
  /** Seconds for which a presigned URL holds; undefined for a signed header. */
  expires: number | undefined;
}

const SKEW_MS = 15 * 60 * 1000;
const ALGORITHM = 'AWS4-HMAC-SHA256';

/** What the request says of its signature; `undefined` if it has none, a reason in words if it is not whole. */
export function readSignature(request: Pick<Request, 'headers' | 'query'>): Signature | { malformed: string } | undefined {
  const header = request.headers['authorization'];
  if (header?.startsWith(ALGORITHM)) {
    const parts = new Map(header.slice(ALGORITHM.length).split(',').map((part) => part.trim().split(/=(.*)/s) as [string, string]));
    for (const name of ['Credential', 'SignedHeaders', 'Signature']) {
      if (!parts.get(name)) return { malformed: `Authorization header requires '${name}' parameter. Authorization=${ALGORITHM}` };
    }
    const time = request.headers['x-amz-date'] ?? compactTime(request.headers['date']);
    if (!time) return { malformed: `Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=${ALGORITHM}` };
    return withScope(parts.get('Credential')!, {
      signedHeaders: parts.get('SignedHeaders')!.split(';'), signature: parts.get('Signature')!, time,
      sessionToken: request.headers['x-amz-security-token'], expires: undefined,
    });
  }
  if (request.query.get('X-Amz-Algorithm') === ALGORITHM) {
    const get = (name: string) => request.query.get(`X-Amz-${name}`) ?? '';
    return withScope(get('Credential'), {
      signedHeaders: get('SignedHeaders').split(';'), signature: get('Signature'), time: get('Date'),
      sessionToken: get('Security-Token') || undefined, expires: Number(get('Expires') || 900),
    });
  }
  return undefined;
}

function withScope(credential: string, rest: Omit<Signature, 'accessKeyId' | 'date' | 'region' | 'service'>): Signature | { malformed: string } {
  const [accessKeyId, date, region, service, end] = credential.split('/');
  if (!accessKeyId || !date || !region || !service || end !== 'aws4_request') {
    return { malformed: `Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got '${credential}'` };
  }
  return { accessKeyId, date, region, service, ...rest };
}

/** Why the request's time is not acceptable at `now`; `undefined` if it is. */
export function staleness(signature: Signature, now: Date): string | undefined {
  const at = parseTime(signature.time);
  if (Number.isNaN(at)) return `Date must be in ISO-8601 'basic format'. Got '${signature.time}'.`;
  const until = at + (signature.expires === undefined ? SKEW_MS : signature.expires * 1000);
  const nowText = compactTime(now.toISOString());
  if (now.getTime() > until) return `Signature expired: ${signature.time} is now earlier than ${compactTime(new Date(now.getTime() - SKEW_MS).toISOString())} (${nowText} - 15 min.)`;
  if (at > now.getTime() + SKEW_MS) return `Signature not yet current: ${signature.time} is still later than ${compactTime(new Date(now.getTime() + SKEW_MS).toISOString())} (${nowText} + 15 min.)`;
  return undefined;
}

/** Whether the signature was made with this secret over this very request. */
export function verifies(request: Request, signature: Signature, secretAccessKey: string): boolean {
  const scope = [signature.date, signature.region, signature.service, 'aws4_request'];
  const toSign = [ALGORITHM, signature.time, scope.join('/'), sha256(canonicalRequest(request, signature))].join('\n');
  const expected = createHmac('sha256', signingKey(secretAccessKey, scope)).update(toSign).digest();
  const given = Buffer.from(signature.signature, 'hex');
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** One holds for a day of a service and a secret: made for each request, it would be most of what verifying costs. */
const signingKeys = new Map<string, KeyObject>();
const MOST_KEYS = 1000;

function signingKey(secretAccessKey: string, scope: readonly string[]): KeyObject {
  const name = [secretAccessKey, ...scope].join(' ');
  const known = signingKeys.get(name);
  if (known) return known;
  if (signingKeys.size >= MOST_KEYS) signingKeys.clear();
  const key = createSecretKey(scope.reduce((secret, part) => createHmac('sha256', secret).update(part).digest(), Buffer.from(`AWS4${secretAccessKey}`)));
  signingKeys.set(name, key);
  return key;
}

function canonicalRequest(request: Request, signature: Signature): string {
  const query = [...request.query]
    .filter(([name]) => !(signature.expires !== undefined && name === 'X-Amz-Signature'))
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a, x], [b, y]) => (a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0));
  return [
    request.method,
    // Each segment of the path as it was sent is encoded once more (all services but S3).
    request.path.split('/').map(encode).join('/') || '/',
    query.map(([name, value]) => `${name}=${value}`).join('&'),
    ...signature.signedHeaders.map((name) => `${name}:${(request.headers[name] ?? '').trim().replace(/ +/g, ' ')}`),
    '',
    signature.signedHeaders.join(';'),
    sha256(request.body),
  ].join('\n');
}

const sha256 = (data: string | Buffer) => hash('sha256', data);
const encode = (text: string) => encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
/** Empty for what is no time. */
const compactTime = (time: string | undefined) => (time && !Number.isNaN(Date.parse(time)) ? `${new Date(time).toISOString().replace(/[-:]/g, '').slice(0, 15)}Z` : '');
const parseTime = (time: string) => Date.parse(time.replace(/^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/, '$1-$2-$3T$4:$5:$6Z'));
