import { hosts, idOf } from '../../../control/hosts.ts';
import type { Controller } from '../../../control/controller.ts';
import { networkInterfaces } from '../records.ts';
import { desiredInterface } from './desired.ts';
import { commit, wish } from './wish.ts';

/** Each attached interface is wished on the host of its owner, and nowhere else. */
export const interfaces: Controller = {
  name: 'ec2/interfaces',
  watches: [{ prefix: networkInterfaces.prefix }],
  async reconcile(key, env) {
    const record = (await networkInterfaces.at(env.store, key))?.value;
    const id = record?.id ?? idOf(key);
    for (const host of await hosts(env.store)) {
      const here = record?.attachment && record.hostId === host.id ? desiredInterface(record) : null;
      await commit(env, await wish(env, host.id, 'interface', id, here));
    }
  },
};
