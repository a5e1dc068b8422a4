import { desiredPrefix, hosts, idOf } from '../../../control/hosts.ts';
import type { Controller, Watch } from '../../../control/controller.ts';
import type { Env } from '../../../control/service.ts';
import type { DesiredSecurityGroup } from '../../../wire/host.ts';
import type { Collection } from '../../../control/collection.ts';
import { internetGateways, natGateways, networkAcls, networkInterfaces, routeTables, securityGroups, subnets, vpcs } from '../records.ts';
import { scopeOf } from '../scope.ts';
import { desiredNetwork, desiredSecurityGroup } from './desired.ts';
import { commit, wish } from './wish.ts';

/**
 * A VPC's router and all of its security groups, on each host that has an interface of it. One item is a whole VPC: a burst of
 * changes (a hundred interfaces) costs few passes, and each group's members are counted once a pass.
 */
export const vpcNetworks: Controller = {
  name: 'ec2/vpcs',
  watches: [
    { prefix: vpcs.prefix },
    belongsToVpc(subnets), belongsToVpc(routeTables), belongsToVpc(securityGroups), belongsToVpc(networkInterfaces), belongsToVpc(internetGateways), belongsToVpc(natGateways), belongsToVpc(networkAcls),
  ],
  async reconcile(key, env) {
    const scope = vpcs.parse(key);
    const vpcId = scope.names[0] ?? '';
    const vpc = (await vpcs.at(env.store, key))?.value;
    const [inSubnets, tables, groups, interfaces, gateways, nats, acls] = await Promise.all([
      members(env, subnets, vpcId), members(env, routeTables, vpcId), members(env, securityGroups, vpcId), members(env, networkInterfaces, vpcId),
      members(env, internetGateways, vpcId), members(env, natGateways, vpcId), members(env, networkAcls, vpcId),
    ]);
    for (const host of await hosts(env.store)) {
      const used = vpc && interfaces.some((one) => one.hostId === host.id);
      const wished = new Map(used ? groups.map((group) => [group.id, desiredSecurityGroup(group, interfaces)]) : []);
      for (const id of await groupsOn(env, host.id, vpcId)) if (!wished.has(id)) await commit(env, await wish(env, host.id, 'securityGroup', id, null));
      for (const [id, group] of wished) await commit(env, await wish(env, host.id, 'securityGroup', id, group));
      await commit(env, await wish(env, host.id, 'network', vpcId, used ? desiredNetwork(vpc, inSubnets, { tables, gateways, nats, acls }) : null));
    }
  },
};

/** A gateway that was detached names its VPC no more: the resync sees to that. */
function belongsToVpc({ prefix }: { prefix: string }): Watch {
  return {
    prefix,
    items: ({ value }, env) => {
      const { vpcId } = value as { vpcId?: string };
      return vpcId === undefined ? [] : [vpcs.key(scopeOf(env), vpcId)];
    },
  };
}

async function members<T extends { vpcId?: string }>(env: Env, records: Collection<T>, vpcId: string): Promise<T[]> {
  return (await records.list(env.store, scopeOf(env))).map((entry) => entry.value).filter((record) => record.vpcId === vpcId);
}

async function groupsOn(env: Env, hostId: string, vpcId: string): Promise<string[]> {
  const { entries } = await env.store.list(`${desiredPrefix(hostId)}securityGroup/`);
  return entries.filter((entry) => (entry.value as DesiredSecurityGroup).networkId === vpcId).map((entry) => idOf(entry.key));
}
