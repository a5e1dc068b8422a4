import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';

/** SSH keys in the forms that EC2 gives and takes: RFC 4253 section 6.6, RFC 8709, and OpenSSH's PROTOCOL.key for private Ed25519 keys. */
export interface SshKey {
  type: 'rsa' | 'ed25519';
  /** `ssh-ed25519 AAAA… name` */
  publicKey: string;
  fingerprint: string;
}

const text = (value: string | Buffer): Buffer => {
  const bytes = Buffer.from(value as string);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(bytes.length);
  return Buffer.concat([length, bytes]);
};
/** An mpint: a leading zero keeps it positive. */
const integer = (base64url: string): Buffer => {
  const bytes = Buffer.from(base64url, 'base64url');
  return text((bytes[0] ?? 0) & 0x80 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes);
};
const colons = (hex: string) => hex.replace(/..(?=.)/g, '$&:');

function publicBlob(key: KeyObject): Buffer {
  const { kty, e = '', n = '', x = '' } = key.export({ format: 'jwk' });
  return kty === 'RSA' ? Buffer.concat([text('ssh-rsa'), integer(e), integer(n)]) : Buffer.concat([text('ssh-ed25519'), text(Buffer.from(x, 'base64url'))]);
}

/** A new pair; the private half is shown once and never kept. Fingerprints are AWS's: SHA-1 of the private key for RSA, SHA-256 for Ed25519. */
export function createKey(type: 'rsa' | 'ed25519', comment: string): SshKey & { privateKey: string } {
  // Two calls: the overloads of generateKeyPairSync are by the literal type.
  const { publicKey, privateKey } = type === 'rsa' ? generateKeyPairSync('rsa', { modulusLength: 2048 }) : generateKeyPairSync('ed25519');
  const blob = publicBlob(publicKey);
  const line = `${type === 'rsa' ? 'ssh-rsa' : 'ssh-ed25519'} ${blob.toString('base64')} ${comment}`;
  if (type === 'ed25519') return { type, publicKey: line, fingerprint: sha256(blob), privateKey: opensshPrivateKey(privateKey, blob, comment) };
  const fingerprint = colons(createHash('sha1').update(privateKey.export({ format: 'der', type: 'pkcs8' })).digest('hex'));
  return { type, publicKey: line, fingerprint, privateKey: privateKey.export({ format: 'pem', type: 'pkcs1' }) as string };
}

/** A customer's public key, an OpenSSH line or PEM; undefined for what is none. Fingerprints: MD5 for RSA, SHA-256 for Ed25519. */
export function readPublicKey(material: string, comment: string): SshKey | undefined {
  const key = material.startsWith('ssh-') ? fromOpenssh(material) : fromPem(material);
  if (!key) return undefined;
  const blob = publicBlob(key);
  if (key.asymmetricKeyType === 'rsa') {
    const fingerprint = colons(createHash('md5').update(key.export({ format: 'der', type: 'spki' })).digest('hex'));
    return { type: 'rsa', fingerprint, publicKey: `ssh-rsa ${blob.toString('base64')} ${comment}` };
  }
  return key.asymmetricKeyType === 'ed25519' ? { type: 'ed25519', fingerprint: sha256(blob), publicKey: `ssh-ed25519 ${blob.toString('base64')} ${comment}` } : undefined;
}

const sha256 = (blob: Buffer) => createHash('sha256').update(blob).digest('base64');

function fromOpenssh(line: string): KeyObject | undefined {
  const blob = Buffer.from(line.trim().split(/\s+/)[1] ?? '', 'base64');
  const parts: Buffer[] = [];
  for (let at = 0; at + 4 <= blob.length; ) {
    const length = blob.readUInt32BE(at);
    parts.push(blob.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  const [kind, first = Buffer.alloc(0), second = Buffer.alloc(0)] = parts;
  try {
    if (kind?.toString() === 'ssh-ed25519') return createPublicKey({ format: 'jwk', key: { kty: 'OKP', crv: 'Ed25519', x: first.toString('base64url') } });
    if (kind?.toString() === 'ssh-rsa') return createPublicKey({ format: 'jwk', key: { kty: 'RSA', e: unsigned(first), n: unsigned(second) } });
  } catch {
    // What OpenSSL cannot read is no key.
  }
  return undefined;
}

const unsigned = (bytes: Buffer) => (bytes[0] === 0 ? bytes.subarray(1) : bytes).toString('base64url');

function fromPem(pem: string): KeyObject | undefined {
  try {
    return createPublicKey(pem.includes('PRIVATE KEY') ? createPrivateKey(pem) : pem);
  } catch {
    return undefined;
  }
}

function opensshPrivateKey(key: KeyObject, publicPart: Buffer, comment: string): string {
  const { d = '', x = '' } = key.export({ format: 'jwk' });
  const check = randomBytes(4);
  const point = Buffer.from(x, 'base64url');
  const secret = [check, check, publicPart, text(Buffer.concat([Buffer.from(d, 'base64url'), point])), text(comment)];
  const length = Buffer.concat(secret).length;
  secret.push(Buffer.from(Array.from({ length: (8 - (length % 8)) % 8 }, (_, i) => i + 1)));
  const one = Buffer.from([0, 0, 0, 1]);
  const whole = Buffer.concat([Buffer.from('openssh-key-v1\0'), text('none'), text('none'), text(''), one, text(publicPart), text(Buffer.concat(secret))]);
  return `-----BEGIN OPENSSH PRIVATE KEY-----\n${whole.toString('base64').replace(/.{70}/g, '$&\n')}\n-----END OPENSSH PRIVATE KEY-----\n`;
}
