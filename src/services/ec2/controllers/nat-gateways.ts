import type { Controller } from '../../../control/controller.ts';
import { clientTokens, natGateways } from '../records.ts';

/** A deleted one is told of for an hour, as in EC2. */
const KEPT_MS = 3_600_000;

/** Forgets NAT gateways; what they translate is part of their VPC's network. */
export const natGatewayController: Controller = {
  name: 'ec2/nat-gateways',
  watches: [{ prefix: natGateways.prefix }],
  async reconcile(key, env) {
    const entry = await natGateways.at(env.store, key);
    if (entry?.value.deletedAt === undefined) return undefined;
    const left = Date.parse(entry.value.deletedAt) + KEPT_MS - env.now().getTime();
    if (left > 0) return { againInMs: left };
    const uses = (await clientTokens.list(env.store, natGateways.parse(key), 'CreateNatGateway')).filter(({ value }) => value.ids.includes(entry.value.id));
    await env.store.commit([{ delete: key, expect: entry.revision }, ...uses.map((use) => ({ delete: use.key }))]);
    return undefined;
  },
};
