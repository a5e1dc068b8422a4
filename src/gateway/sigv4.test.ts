import assert from 'node:assert/strict';
import { it } from 'node:test';
import { Sha256 } from '@smithy/core/checksum';
import { SignatureV4 } from '@smithy/signature-v4';
import type { Request } from './protocols/protocol.ts';
import { readSignature, type Signature, staleness, verifies } from './sigv4.ts';

/** The SDK's signer is the other side. */
const SECRET = 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY';
const NOW = new Date('2026-11-21T12:00:00Z');
const signer = new SignatureV4({ service: 'sts', region: 'us-east-1', sha256: Sha256, credentials: { accessKeyId: 'AKIAEXAMPLE', secretAccessKey: SECRET, sessionToken: 'token/with+signs=' } });

const request = { method: 'POST', protocol: 'http:', hostname: '127.0.0.1', port: 4566, path: '/a%20path/*', query: { 'b b': ['2', '1'], a: 'x&y=z~*' }, headers: { host: '127.0.0.1:4566', 'x-spaced': '  a   b ' }, body: 'Action=GetCallerIdentity' };

function received(signed: { method: string; path: string; headers: Record<string, string>; query?: Record<string, unknown>; body?: string }): Request {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(signed.query ?? {})) for (const one of [value].flat()) query.append(name, String(one));
  return { method: signed.method, path: signed.path, query, headers: Object.fromEntries(Object.entries(signed.headers).map(([k, v]) => [k.toLowerCase(), v])), body: Buffer.from(signed.body ?? '') };
}

it('verifies a signed header and notices every change', async () => {
  const good = received(await signer.sign(request, { signingDate: NOW }));
  const signature = readSignature(good) as Signature;
  assert.equal(signature.accessKeyId, 'AKIAEXAMPLE');
  assert.equal(signature.sessionToken, 'token/with+signs=');
  assert.ok(verifies(good, signature, SECRET));
  assert.ok(!verifies(good, signature, 'wrong'));
  for (const changed of [{ method: 'GET' }, { path: '/other' }, { query: new URLSearchParams('a=1') }, { body: Buffer.from('Action=Other') }, { headers: { ...good.headers, host: 'elsewhere' } }]) {
    assert.ok(!verifies({ ...good, ...changed }, signature, SECRET), JSON.stringify(changed));
  }
});

it('verifies a presigned URL, for as long as it says', async () => {
  const presigned = received(await signer.presign({ ...request, method: 'GET', body: undefined }, { signingDate: NOW, expiresIn: 60 }));
  const signature = readSignature(presigned) as Signature;
  assert.equal(signature.expires, 60);
  assert.ok(verifies(presigned, signature, SECRET));
  assert.equal(staleness(signature, new Date(NOW.getTime() + 59_000)), undefined);
  assert.match(staleness(signature, new Date(NOW.getTime() + 61_000)) ?? '', /^Signature expired/);
});

it('accepts fifteen minutes of skew either way', async () => {
  const signature = readSignature(received(await signer.sign(request, { signingDate: NOW }))) as Signature;
  assert.equal(staleness(signature, new Date(NOW.getTime() + 14 * 60_000)), undefined);
  assert.match(staleness(signature, new Date(NOW.getTime() + 16 * 60_000)) ?? '', /^Signature expired: 20261121T120000Z is now earlier than 20261121T120100Z/);
  assert.match(staleness(signature, new Date(NOW.getTime() - 16 * 60_000)) ?? '', /^Signature not yet current/);
});

it('says what is wrong with half a signature', () => {
  const read = (authorization: string) => readSignature({ headers: { authorization }, query: new URLSearchParams() });
  assert.equal(read('Basic abc'), undefined);
  assert.match((read('AWS4-HMAC-SHA256 Credential=a/b/c/d/aws4_request') as { malformed: string }).malformed, /'SignedHeaders'/);
});
