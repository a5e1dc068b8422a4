import { desiredPrefix, hosts, idOf } from '../../../control/hosts.ts';
import type { Controller } from '../../../control/controller.ts';
import { publicDnsName } from '../network/dns-names.ts';
import { networkInterfaces } from '../records.ts';
import { scopeOf } from '../scope.ts';
import { commit, wish } from './wish.ts';

const PREFIX = 'ec2-';

/** The public names of instances resolve on every host. (Their private names are a resolver's arithmetic and need no record.) */
export const publicNames: Controller = {
  name: 'ec2/names',
  watches: [{ prefix: networkInterfaces.prefix, items: () => ['all'] }],
  async reconcile(_all, env) {
    const shown = (await networkInterfaces.list(env.store, scopeOf(env))).flatMap(({ value }) => (value.public && value.attachment?.instanceId ? [value.public.address] : []));
    const wished = new Map(shown.map((address) => [publicDnsName(env.installation, address), { addresses: [address] }]));
    for (const host of await hosts(env.store)) {
      const { entries } = await env.store.list(`${desiredPrefix(host.id)}name/`);
      for (const name of entries.map(({ key }) => idOf(key))) if (name.startsWith(PREFIX) && !wished.has(name)) await commit(env, await wish(env, host.id, 'name', name, null));
      for (const [name, value] of wished) await commit(env, await wish(env, host.id, 'name', name, value));
    }
  },
};
