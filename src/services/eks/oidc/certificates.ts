import type { Env } from '../../../control/service.ts';
import { issuerName } from '../../../wire/issuer.ts';
import { authority, sign } from '../pki.ts';
import { issuerCertificates } from '../records.ts';
import type { IssuerCertificates } from '../records.ts';

/** An authority of the installation's own and what it signed for the issuers' name, made by the first that asks. */
export async function settleIssuerCertificates(env: Env): Promise<IssuerCertificates> {
  const key = issuerCertificates.key(env.installation);
  const known = (await issuerCertificates.at(env.store, key))?.value;
  if (known) return known;
  const ca = await authority(`Gantry ${env.installation.name}`, env.now());
  const name = issuerName(env.installation);
  const made = { authority: ca, server: await sign(ca, { commonName: name, uses: ['server'], names: [name] }, env.now()) };
  await env.store.commit([issuerCertificates.put(key, made, 0)]);
  return (await issuerCertificates.at(env.store, key))?.value ?? made;
}
