/**
 * Amazon Elastic Compute Cloud, after https://docs.aws.amazon.com/AWSEC2/latest/APIReference/.
 *
 * Other services call EC2 by what is exported here; every function takes `Env` and `Scope`, throws EC2's errors, and is done once
 * the store has it. Machines and networks follow by EC2's controllers.
 */
export { credentialsForInstance } from './credentials.ts';
export { runInstances } from './launch/index.ts';
export type { LaunchOptions } from './launch/index.ts';
export {
  defaultSecurityGroup, defaultVpc, instanceById, instanceByPrivateAddress, networkInterfaceById, networkInterfacesOf,
  securityGroupById, subnetById, subnetsOf, vpcById,
} from './lookups.ts';
export { createNetworkInterface, deleteNetworkInterface, setInterfaceGroups } from './network-interfaces.ts';
export type { NewNetworkInterface } from './network-interfaces.ts';
export { chooseHost } from './placement.ts';
export { terminateInstances } from './power.ts';
export type { Transition } from './power.ts';
/** For watching: `instances.prefix`, `networkInterfaces.prefix`. Read only. */
export { instances, networkInterfaces } from './records.ts';
export type { Instance, InstanceStateName, NetworkInterface, SecurityGroup, Subnet, Vpc } from './records.ts';
