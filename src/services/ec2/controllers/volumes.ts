import { omit } from '../../../control/omit.ts';
import { idOf, observed, observedPrefix } from '../../../control/hosts.ts';
import type { Controller } from '../../../control/controller.ts';
import type { Env, Scope } from '../../../control/service.ts';
import type { Entry } from '../../../store/store.ts';
import type { DesiredVolume, ObservedVolume } from '../../../wire/host.ts';
import { clientTokens, instances, volumes } from '../records.ts';
import type { Instance, Volume } from '../records.ts';
import { scopeOf } from '../scope.ts';
import { commit, wish } from './wish.ts';

/** Volumes: the wish goes to the host; a detachment and a deletion are over once the host says so. */
export const volumesController: Controller = {
  name: 'ec2/volumes',
  watches: [
    { prefix: volumes.prefix },
    { prefix: observedPrefix('volume'), items: ({ key }, env) => [volumes.key(scopeOf(env), idOf(key))] },
    {
      prefix: instances.prefix,
      items: async ({ value }, env) => (await volumes.list(env.store, scopeOf(env))).filter((entry) => entry.value.attachment?.instanceId === (value as Instance).id).map(({ key }) => key),
    },
  ],
  async reconcile(key, env) {
    const entry = await volumes.at(env.store, key);
    if (!entry) return;
    const scope = volumes.parse(key);
    const { value } = entry;
    await commit(env, await wish(env, value.hostId, 'volume', value.id, value.deleting ? null : desiredVolume(value)));
    const seen = await observed(env.store, value.hostId, 'volume', value.id);
    if (value.deleting) {
      if (!seen) await forget(env, scope, entry);
      return;
    }
    const owner = value.attachment && (await instances.get(env.store, scope, value.attachment.instanceId))?.value;
    await volumes.update(env.store, key, (volume) => nextStep(volume, seen, owner?.state));
  },
};

function desiredVolume({ sizeGiB, snapshotId, attachment }: Volume): DesiredVolume {
  return {
    sizeGiB, ...(snapshotId !== undefined && { snapshotId }),
    ...(attachment && !attachment.detaching && { attachment: { instanceId: attachment.instanceId, device: attachment.device } }),
  };
}

/** Pure; undefined where nothing changes. A terminated instance lets go of its volumes, and takes those with it that are marked so. */
export function nextStep(volume: Volume, seen: ObservedVolume | undefined, instanceState: Instance['state'] | undefined): Volume | undefined {
  const { attachment } = volume;
  if (!attachment) return undefined;
  const gone = instanceState === undefined || instanceState === 'terminated';
  if (attachment.detaching) {
    if (seen?.attachedTo) return undefined;
    const free = omit(volume, 'attachment');
    return gone && attachment.deleteOnTermination ? { ...free, deleting: true } : free;
  }
  return gone ? { ...volume, attachment: { ...attachment, detaching: true } } : undefined;
}

async function forget(env: Env, scope: Scope, { key, value, revision }: Entry<Volume>): Promise<void> {
  const uses = (await clientTokens.list(env.store, scope, 'CreateVolume')).filter((entry) => entry.value.ids.includes(value.id));
  await env.store.commit([{ delete: key, expect: revision }, ...uses.map((use) => ({ delete: use.key }))]);
}
