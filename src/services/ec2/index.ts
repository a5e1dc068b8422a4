import * as sdk from '@aws-sdk/client-ec2';
import type { Service } from '../../control/service.ts';
import constraints from './constraints.json' with { type: 'json' };
import { machines } from './controllers/instances.ts';
import { interfaces } from './controllers/interfaces.ts';
import { natGatewayController } from './controllers/nat-gateways.ts';
import { publicNames } from './controllers/names.ts';
import { volumesController } from './controllers/volumes.ts';
import { vpcNetworks } from './controllers/vpcs.ts';
import { invalidMember } from './errors.ts';
import { missing } from './missing.ts';
import { operations } from './operations.ts';
import { seed } from './seed.ts';

/**
 * Amazon Elastic Compute Cloud, after https://docs.aws.amazon.com/AWSEC2/latest/APIReference/.
 *
 * Other services call EC2 by what is exported here; every function takes `Env` and `Scope`, throws EC2's errors, and is done once
 * the store has it. Machines and networks follow by EC2's controllers.
 *
 * Faithful to: VPCs with subnets, internet gateways, public NAT gateways, route tables, network ACLs, security groups, interfaces,
 * elastic addresses; key pairs; launch templates; instances with their states, status, attributes, metadata options and console; volumes that are created, attached, grown and
 * copied as snapshots; tags, filters, pages, dry runs.
 * Missing: root volumes (the root disk is the host's, of no fixed size) and others at launch, encryption and limits of volumes, IPv6,
 * private and regional NAT gateways, endpoints, peering, spot, own images, dedicated hosts, placement groups.
 * By design: an instance is a system container; `t` types have no CPU credits; a launch fails when no host of the zone has the memory; an
 * interface may hold eight addresses and prefixes on any type. Secondary addresses are routed to their interface; who runs the instance
 * puts them on its device. A volume stays on the host that made it; one that is mounted is not detached, also by force. A snapshot is a
 * copy that takes its time: a volume that is written meanwhile should be frozen or unmounted. A NAT gateway is part of its VPC's router:
 * what it translates is asked about by the network ACL of the subnet that it comes from, and not by the one of the gateway's.
 */
export const ec2: Service = {
  name: 'ec2',
  protocol: { name: 'ec2Query', version: '2016-11-15', xmlNamespace: 'http://ec2.amazonaws.com/doc/2016-11-15/' },
  sdk,
  operations,
  missing,
  constraints,
  invalid: ([fault]) => invalidMember(fault!),
  controllers: [vpcNetworks, natGatewayController, interfaces, machines, volumesController, publicNames],
  seed,
};

export { authorizeLaunch } from './access/index.ts';
/** For services that call EC2 in its own shapes: `asService(ec2Operations, …)` (`src/control/as-service.ts`). */
export { operations as ec2Operations } from './operations.ts';
export { images } from './catalogue/images.ts';
export { instanceTypes } from './catalogue/instance-types.ts';
export { credentialsForInstance } from './credentials.ts';
export { privateDnsName } from './network/dns-names.ts';
export { checkLaunch, runInstances } from './launch/index.ts';
export { defaultSecurityGroup, defaultVpc, instanceById, networkInterfaceById, reachingInternet, securityGroupById, subnetById, subnetsOf, vpcById } from './lookups.ts';
export { contains, formatCidr, overlaps, parseCidr } from './network/cidr.ts';
export { createNetworkInterface, deleteNetworkInterface, setInterfaceGroups } from './network-interfaces.ts';
export { chooseHost, freeMemory, hostIsLost, roomFor } from './placement.ts';
export { terminateInstances } from './power.ts';
/** Groups that a service makes and keeps. */
export { deleteSecurityGroup, keepSecurityGroup } from './security-groups.ts';
/** For watching: `instances.prefix`, `networkInterfaces.prefix`. Read only. */
export { instances, networkInterfaces } from './records.ts';
export type { Instance, InstanceStateName, NetworkInterface } from './records.ts';
export { setSystemTag } from './tagging.ts';
export { zoneId } from './zones.ts';
