import type * as Sdk from '@aws-sdk/client-ec2';
import { desire } from '../../../control/hosts.ts';
import { incorrectState, notFound } from '../errors.ts';
import { applyFilters } from '../filters.ts';
import { find, kinds, newId, select } from '../kinds.ts';
import { page } from '../paging.ts';
import { snapshots } from '../records.ts';
import type { Snapshot } from '../records.ts';
import type { Ec2Operations } from '../table.ts';
import { tagsFor, toTags } from '../tagging.ts';
import { transact } from '../../../control/transact.ts';
import { snapshotWithSeen, volumeState, withSeen } from '../volumes/state.ts';
import type { SeenSnapshot } from '../volumes/state.ts';

const progressOf = (state: Sdk.SnapshotState) => (state === 'completed' ? '100%' : '0%');

const shape = ({ snapshot, state, reason }: SeenSnapshot, account: string): Sdk.Snapshot => ({
  SnapshotId: snapshot.id, VolumeId: snapshot.volumeId, VolumeSize: snapshot.sizeGiB, State: state, Progress: progressOf(state), StartTime: new Date(snapshot.startTime),
  Description: snapshot.description, OwnerId: account, Encrypted: false, StorageTier: 'standard', Tags: toTags(snapshot.tags),
  ...(state === 'completed' && { CompletionTime: new Date(snapshot.startTime) }), ...(reason !== undefined && { StateMessage: reason }),
});

export const snapshotOperations = {
  CreateSnapshot: async (input, context) => {
    const { value: volume } = await find(context, context, kinds.volume, input.VolumeId ?? '');
    const state = volumeState(await withSeen(context, volume));
    if (state !== 'available' && state !== 'in-use') throw incorrectState(`${volume.id} is in the '${state}' state.`);
    const snapshot: Snapshot = {
      id: newId(context, 'snap'), volumeId: volume.id, hostId: volume.hostId, sizeGiB: volume.sizeGiB, description: input.Description ?? '', startTime: context.now().toISOString(),
      tags: tagsFor('snapshot', input.TagSpecifications),
    };
    await context.store.commit([snapshots.put(snapshots.key(context, snapshot.id), snapshot, 0), desire(snapshot.hostId, 'snapshot', snapshot.id, { volumeId: volume.id })]);
    return shape(await snapshotWithSeen(context, snapshot), context.account);
  },

  DescribeSnapshots: async (input, context) => {
    const mine = !input.OwnerIds?.length || input.OwnerIds.some((owner) => owner === 'self' || owner === context.account);
    const chosen = mine ? await select(context, context, kinds.snapshot, input.SnapshotIds) : [];
    const all = await Promise.all(chosen.map((snapshot) => snapshotWithSeen(context, snapshot)));
    const found = applyFilters(all, input.Filters, {
      'snapshot-id': ({ snapshot }) => snapshot.id, 'volume-id': ({ snapshot }) => snapshot.volumeId, 'volume-size': ({ snapshot }) => snapshot.sizeGiB, status: ({ state }) => state,
      description: ({ snapshot }) => snapshot.description, 'start-time': ({ snapshot }) => snapshot.startTime, 'owner-id': () => context.account, encrypted: () => false,
      progress: ({ state }) => progressOf(state), 'storage-tier': () => 'standard',
    }, ({ snapshot }) => snapshot.tags);
    const { items, NextToken } = page(found, input, ({ snapshot }) => snapshot.id);
    return { Snapshots: items.map((one) => shape(one, context.account)), NextToken };
  },

  DeleteSnapshot: async ({ SnapshotId: id = '' }, context) => {
    await transact(context, async () => {
      const { key, value, revision } = await find(context, context, kinds.snapshot, id);
      return { changes: [{ delete: key, expect: revision }, desire(value.hostId, 'snapshot', id, null)], result: undefined };
    });
    return {};
  },

  /** Nobody but its owner may use a snapshot. */
  DescribeSnapshotAttribute: async ({ SnapshotId: id = '', Attribute: attribute }, context) => {
    await find(context, context, kinds.snapshot, id);
    if (attribute !== 'createVolumePermission' && attribute !== 'productCodes') throw notFound('InvalidParameterValue', `Value (${attribute}) for parameter attribute is invalid.`);
    return { SnapshotId: id, ...(attribute === 'productCodes' ? { ProductCodes: [] } : { CreateVolumePermissions: [] }) };
  },
} satisfies Ec2Operations;
