import { omit } from '../../../control/omit.ts';
import { desired, idOf, observed, observedPrefix } from '../../../control/hosts.ts';
import type { Controller } from '../../../control/controller.ts';
import type { Env, Scope } from '../../../control/service.ts';
import type { Change, Entry } from '../../../store/store.ts';
import type { ObservedInstance } from '../../../wire/host.ts';
import { instanceProfile } from '../../iam/index.ts';
import { networkInterfacesOf } from '../lookups.ts';
import { detached, publicRemoval, removal } from '../network-interfaces.ts';
import { freeMemory, hostIsLost } from '../placement.ts';
import { clientTokens, instances, networkInterfaces, securityGroups } from '../records.ts';
import type { Instance, NetworkInterface } from '../records.ts';
import { scopeOf } from '../scope.ts';
import { transact } from '../../../control/transact.ts';
import { desiredInstance } from './desired.ts';
import { afterObservation } from './instance-step.ts';
import { commit, wish } from './wish.ts';

const KEPT_MS = 3_600_000;

/** Instances: the wish goes to the host, what the host saw becomes the state. */
export const machines: Controller = {
  name: 'ec2/instances',
  watches: [
    { prefix: instances.prefix },
    { prefix: observedPrefix('instance'), items: ({ key }, env) => [instances.key(scopeOf(env), idOf(key))] },
    {
      prefix: networkInterfaces.prefix,
      items: ({ value }, env) => {
        const id = (value as NetworkInterface).attachment?.instanceId;
        return id === undefined ? [] : [instances.key(scopeOf(env), id)];
      },
    },
  ],
  async reconcile(key, env) {
    const entry = await instances.at(env.store, key);
    if (!entry) return undefined;
    const scope = instances.parse(key);
    const instance = entry.value;
    if (instance.state === 'terminated') return forgetLater(env, scope, entry);
    const gone = instance.state === 'shutting-down';
    await commit(env, await wish(env, instance.hostId, 'instance', instance.id, gone ? null : await compile(env, scope, instance)));
    const seen = await observed(env.store, instance.hostId, 'instance', instance.id);
    if (gone) return (seen && !(await hostIsLost(env, instance.hostId))) ? undefined : terminate(env, scope, instance.id);
    await observe(env, scope, key, seen);
    return undefined;
  },
};

async function compile(env: Env, scope: Scope, instance: Instance) {
  const [primary] = await networkInterfacesOf(env, scope, instance);
  const groups = await Promise.all((primary?.groupIds ?? []).map((id) => securityGroups.get(env.store, scope, id)));
  const role = instance.instanceProfile && (await instanceProfile(env, scope, instance.instanceProfile.arn))?.roleName;
  return desiredInstance(instance, scope.region, groups.flatMap((group) => (group ? [group.value.name] : [])), role);
}

async function observe(env: Env, scope: Scope, key: string, seen: ObservedInstance | undefined): Promise<void> {
  const after = await instances.update(env.store, key, (instance) => afterObservation(instance, seen, env.now()));
  if (after?.state === 'stopped') await release(env, scope, after);
}

/** A stopped instance holds its disk and private addresses alone. */
async function release(env: Env, scope: Scope, instance: Instance): Promise<void> {
  await freeMemory(env, scope, instance.hostId, instance.id);
  await transact(env, async () => {
    const changes: Change[] = [];
    for (const one of await entriesOf(env, scope, instance)) {
      if (!one.value.public || one.value.public.allocationId) continue;
      changes.push(networkInterfaces.put(one.key, omit(one.value, 'public'), one.revision), ...(await publicRemoval(env, scope, one.value)));
    }
    return { changes, result: undefined };
  });
}

/** Nothing is left on the host: its interfaces go (or are free again), then its memory. */
async function terminate(env: Env, scope: Scope, id: string): Promise<void> {
  const instance = await transact(env, async () => {
    const entry = await instances.get(env.store, scope, id);
    if (entry?.value.state !== 'shutting-down') return { changes: [], result: entry?.value };
    const changes: Change[] = [];
    for (const one of await entriesOf(env, scope, entry.value)) {
      if (one.value.attachment?.deleteOnTermination !== false) changes.push(...(await removal(env, scope, one)));
      else changes.push(networkInterfaces.put(one.key, detached(one.value), one.revision));
    }
    const after: Instance = { ...entry.value, state: 'terminated', interfaces: {}, terminatedAt: env.now().toISOString() };
    changes.push(instances.put(entry.key, after, entry.revision));
    return { changes, result: after };
  });
  if (instance) await freeMemory(env, scope, instance.hostId, id);
}

async function entriesOf(env: Env, scope: Scope, instance: Instance): Promise<Entry<NetworkInterface>[]> {
  const found = await Promise.all(Object.values(instance.interfaces).map((id) => networkInterfaces.get(env.store, scope, id)));
  return found.filter((entry) => entry !== undefined);
}

/** AWS shows a terminated instance for about an hour. */
async function forgetLater(env: Env, scope: Scope, { key, value, revision }: Entry<Instance>): Promise<{ againInMs: number } | undefined> {
  await freeMemory(env, scope, value.hostId, value.id);
  if (await desired(env.store, value.hostId, 'instance', value.id)) await commit(env, await wish(env, value.hostId, 'instance', value.id, null));
  const left = Date.parse(value.terminatedAt ?? '') + KEPT_MS - env.now().getTime();
  if (left > 0) return { againInMs: left };
  await env.store.commit([
    { delete: key, expect: revision },
    ...(value.clientToken ? [{ delete: clientTokens.key(scope, 'RunInstances', value.clientToken) }] : []),
  ]);
  return undefined;
}
