import { createHash } from 'node:crypto';

/** What the names of things on a host are made of. */
export type Named = { name: string };

/** `acceptance-i-0ab…`: the network namespace of a router, an instance or a balancer. */
export const namespaceName = (installation: Named, id: string) => `${installation.name}-${id}`;

/** Where iproute2 keeps it: what `nsenter --net=`, runc and `setns` take. */
export const namespacePath = (installation: Named, id: string) => `/run/netns/${namespaceName(installation, id)}`;

/** A link's name: 15 characters (IFNAMSIZ less one), the same at every start, so that what stands is found again. */
export const linkName = (...of: string[]) => `g${createHash('sha256').update(of.join(' ')).digest('hex').slice(0, 14)}`;

/** The router's end of the link to the host, and the host's end. */
export const uplink = 'host0';
export const hostLinkName = (installation: Named, vpcId: string) => linkName('host', installation.name, vpcId);

/** The installation's nftables table in the host's own namespace, and the one in each router's. */
export const hostTable = (installation: Named) => `gantry-${installation.name}`;
export const routerTable = 'gantry';

/** Addresses that every VPC has. */
export const metadataAddress = '169.254.169.254';
export const resolverAddress = '169.254.169.253';
export const gatewayAddress = '169.254.169.252';
