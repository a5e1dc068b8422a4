import type { Env, Scope } from '../../control/service.ts';
import { reachesInternet } from './controllers/desired.ts';
import { instances, internetGateways, networkInterfaces, routeTables, securityGroups, subnets, vpcs } from './records.ts';
import type { Instance, NetworkInterface, SecurityGroup, Subnet, Vpc } from './records.ts';

/** What other services ask of EC2. All answer `undefined` (or leave out) what is not there; the caller words its own error. */

export async function vpcById(env: Env, scope: Scope, id: string): Promise<Vpc | undefined> {
  return (await vpcs.get(env.store, scope, id))?.value;
}

export async function defaultVpc(env: Env, scope: Scope): Promise<Vpc | undefined> {
  return (await vpcs.list(env.store, scope)).find((entry) => entry.value.isDefault)?.value;
}

export async function subnetById(env: Env, scope: Scope, id: string): Promise<Subnet | undefined> {
  return (await subnets.get(env.store, scope, id))?.value;
}

export async function subnetsOf(env: Env, scope: Scope, vpcId: string): Promise<Subnet[]> {
  return (await subnets.list(env.store, scope)).map((entry) => entry.value).filter((subnet) => subnet.vpcId === vpcId);
}

/** Ids of the VPC's subnets whose route table leads to an internet gateway. */
export async function reachingInternet(env: Env, scope: Scope, vpcId: string): Promise<Set<string>> {
  const tables = (await routeTables.list(env.store, scope)).map((entry) => entry.value).filter((table) => table.vpcId === vpcId);
  const gateways = (await internetGateways.list(env.store, scope)).map((entry) => entry.value).filter((gateway) => gateway.vpcId === vpcId);
  return new Set((await subnetsOf(env, scope, vpcId)).map(({ id }) => id).filter((id) => reachesInternet(id, { tables, gateways })));
}

export async function securityGroupById(env: Env, scope: Scope, id: string): Promise<SecurityGroup | undefined> {
  return (await securityGroups.get(env.store, scope, id))?.value;
}

/** Every VPC has one from birth; it cannot be deleted. */
export async function defaultSecurityGroup(env: Env, scope: Scope, vpcId: string): Promise<SecurityGroup | undefined> {
  return (await securityGroups.list(env.store, scope)).map((entry) => entry.value).find((group) => group.vpcId === vpcId && group.name === 'default');
}

export async function networkInterfaceById(env: Env, scope: Scope, id: string): Promise<NetworkInterface | undefined> {
  return (await networkInterfaces.get(env.store, scope, id))?.value;
}

/** By device index: the primary one first. */
export async function networkInterfacesOf(env: Env, scope: Scope, instance: Instance): Promise<NetworkInterface[]> {
  const ids = Object.entries(instance.interfaces).sort(([a], [b]) => Number(a) - Number(b)).map(([, id]) => id);
  const found = await Promise.all(ids.map((id) => networkInterfaceById(env, scope, id)));
  return found.filter((networkInterface) => networkInterface !== undefined);
}

/** Also terminated ones, for the hour that they are kept. */
export async function instanceById(env: Env, scope: Scope, id: string): Promise<Instance | undefined> {
  return (await instances.get(env.store, scope, id))?.value;
}
