import 'reflect-metadata';
import { generateKeyPairSync, randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { KeyPair, Pki } from './records.ts';

/**
 * A cluster's certificates, as kubeadm lays them out (https://kubernetes.io/docs/setup/best-practices/certificates/): three authorities,
 * ECDSA on P-256, and a key of service accounts (RSA, as OIDC's discovery documents want it).
 */

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const YEAR_MS = 365 * 24 * 3600_000;
const YEARS = 10;
/** Clocks of a cluster's machines may differ a little. */
const BACKDATED_MS = 300_000;

const USES = { server: x509.ExtendedKeyUsage.serverAuth, client: x509.ExtendedKeyUsage.clientAuth } as const;

export interface Subject {
  commonName: string;
  organization?: string;
  uses: (keyof typeof USES)[];
  /** Alternative names of a server: DNS names and addresses. */
  names?: string[];
  addresses?: string[];
}

export async function makePki(now: Date, token: string): Promise<Pki> {
  const [clusterCa, etcdCa, frontProxyCa] = await Promise.all([authority('kubernetes', now), authority('etcd-ca', now), authority('kubernetes-front-proxy-ca', now)]);
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return {
    clusterCa, etcdCa, frontProxyCa, token,
    serviceAccount: {
      publicKey: pair.publicKey.export({ type: 'spki', format: 'pem' }) as string,
      privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
    },
    admin: await sign(clusterCa, { commonName: 'gantry', organization: 'system:masters', uses: ['client'] }, now),
    etcdClient: await sign(etcdCa, { commonName: 'gantry', uses: ['client'] }, now),
  };
}

export async function authority(commonName: string, now: Date): Promise<KeyPair> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    ...validity(now), name: [{ CN: [commonName] }], signingAlgorithm: ALGORITHM, keys,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, privateKey: await pem(keys.privateKey) };
}

/** A certificate and its key, signed by an authority. */
export async function sign(ca: KeyPair, { commonName, organization, uses, names = [], addresses = [] }: Subject, now: Date): Promise<KeyPair> {
  const issuer = new x509.X509Certificate(ca.certificate);
  const signingKey = await webcrypto.subtle.importKey('pkcs8', x509.PemConverter.decodeFirst(ca.privateKey), ALGORITHM, false, ['sign']);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const alternatives = [...names.map((value) => ({ type: 'dns' as const, value })), ...addresses.map((value) => ({ type: 'ip' as const, value }))];
  const certificate = await x509.X509CertificateGenerator.create({
    ...validity(now), issuer: issuer.subject, signingAlgorithm: ALGORITHM, signingKey, publicKey: keys.publicKey,
    subject: [...(organization === undefined ? [] : [{ O: [organization] }]), { CN: [commonName] }],
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyEncipherment, true),
      new x509.ExtendedKeyUsageExtension(uses.map((use) => USES[use])),
      await x509.AuthorityKeyIdentifierExtension.create(await issuer.publicKey.export()),
      ...(alternatives.length ? [new x509.SubjectAlternativeNameExtension(alternatives)] : []),
    ],
  });
  return { certificate: `${certificate.toString('pem')}\n`, privateKey: await pem(keys.privateKey) };
}

const validity = (now: Date) => ({
  serialNumber: `4${randomBytes(15).toString('hex')}0`.slice(0, 32),
  notBefore: new Date(now.getTime() - BACKDATED_MS),
  notAfter: new Date(now.getTime() + YEARS * YEAR_MS),
});

async function pem(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`;
}
