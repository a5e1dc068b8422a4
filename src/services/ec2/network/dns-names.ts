import type { Installation } from '../../../wire/installation.ts';

const dashed = (address: string) => address.replaceAll('.', '-');

/** `ip-172-31-0-5.ec2.internal`; other regions than us-east-1 say their name. */
export const privateDnsName = (region: string, address: string) => `ip-${dashed(address)}.${region === 'us-east-1' ? 'ec2' : `${region}.compute`}.internal`;

/** AWS's form under the installation's domain, as amazonaws.com is AWS's: `ec2-198-18-0-5.compute-1.gantry.internal`. */
export const publicDnsName = ({ region, domain }: Installation, address: string) => `ec2-${dashed(address)}.${region === 'us-east-1' ? 'compute-1' : `${region}.compute`}.${domain}`;
