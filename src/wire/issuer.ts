import type { Installation } from './installation.ts';

/**
 * The OIDC issuers of an installation's EKS clusters: `https://oidc.eks.<region>.<domain>/id/<32 HEX>`. The control plane serves them over
 * TLS on its machine, at an address of the loopback's that no other installation has, as none has its public addresses, and at the
 * gateway's port; the host agent brings port 443 there, of the machine and of the gateway's address in VPCs.
 */
export const issuerName = ({ region, domain }: Pick<Installation, 'region' | 'domain'>) => `oidc.eks.${region}.${domain}`;

/** `127.18.4.1`, where the public addresses are 198.18.4.0/22. */
export function issuerAddress({ publicCidr }: Pick<Installation, 'publicCidr'>): string {
  const [, second, third] = publicCidr.split('.');
  return `127.${second}.${third}.1`;
}
