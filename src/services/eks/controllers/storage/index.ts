import type { Controller } from '../../../../control/controller.ts';
import type { Env } from '../../../../control/service.ts';
import { EBS_CSI } from '../../addons/ebs-csi.ts';
import { addons, clusters } from '../../records.ts';
import { clusterWorlds } from '../../worlds.ts';
import { settleAttachment } from './attachments.ts';
import { settleClaim } from './claims.ts';
import { ebs } from './ebs.ts';
import { allItems, itemsOf } from './items.ts';
import { WATCHED } from './sight.ts';
import { settleVolume } from './volumes.ts';

/**
 * The controller's side of the EBS CSI driver, beside the cluster: PersistentVolumeClaims become EC2's volumes, and
 * VolumeAttachments their attachments. It works in clusters that have the add-on. The node's side is src/instance/ebs-csi.
 */
const worlds = clusterWorlds(WATCHED, (cluster, object, scope, caches) => itemsOf(object, caches).map((item) => `${clusters.key(scope, cluster.name)}|${item}`));

export const storageController: Controller = {
  name: 'eks/storage',
  watches: [
    { prefix: clusters.prefix, items: ({ key }, env) => everythingOf(env, key) },
    { prefix: addons.prefix, items: ({ key }, env) => {
      const { names: [cluster = ''], ...scope } = addons.parse(key);
      return everythingOf(env, clusters.key(scope, cluster));
    } },
  ],
  listen: worlds.listen,
  async reconcile(item, env) {
    const [clusterKey = '', kind, id = ''] = item.split('|');
    const cluster = (await clusters.at(env.store, clusterKey))?.value;
    const world = worlds.of(env, clusterKey);
    if (!cluster || cluster.status === 'CREATING' || cluster.status === 'FAILED') return undefined;
    if (!world) return { againInMs: 1000 };
    const scope = clusters.parse(clusterKey);
    const addon = (await addons.get(env.store, scope, cluster.name, EBS_CSI))?.value;
    if (!addon || addon.status === 'DELETING') return undefined;
    const sight = { ...world, env, cluster, ebs: ebs(env, scope), now: () => env.now().toISOString().replace(/\.\d+Z$/, 'Z') };
    const [namespace = '', name = ''] = id.split('/');
    if (kind === 'claim') return settleClaim(sight, namespace, name);
    return kind === 'volume' ? settleVolume(sight, id) : settleAttachment(sight, id);
  },
};

function everythingOf(env: Env, clusterKey: string): string[] {
  const world = worlds.of(env, clusterKey);
  return world ? allItems(world.caches).map((item) => `${clusterKey}|${item}`) : [];
}
