import type { Change } from '../../../store/store.ts';
import { instanceTypes } from '../catalogue/instance-types.ts';
import { find, kinds } from '../kinds.ts';
import { invalidParameterValue, missingParameter } from '../errors.ts';
import { checkAddressLimit, giveBack, takeMore, wishOf } from '../network/interface-addresses.ts';
import { subnetPool } from '../network/allocate.ts';
import { instances, networkInterfaces } from '../records.ts';
import type { NetworkInterface } from '../records.ts';
import type { Ec2Operations } from '../table.ts';
import { transact } from '../../../control/transact.ts';
import { findOwn } from './network-interfaces.ts';

export const privateAddressOperations = {
  AssignPrivateIpAddresses: async (input, context) => {
    const wish = wishOf({
      addresses: input.PrivateIpAddresses ?? [], addressCount: input.SecondaryPrivateIpAddressCount, prefixes: input.Ipv4Prefixes ?? [], prefixCount: input.Ipv4PrefixCount,
    });
    if (!wish.secondary && !wish.prefixes) throw missingParameter('privateIpAddresses, secondaryPrivateIpAddressCount, ipv4Prefixes or ipv4PrefixCount');
    return transact(context, async () => {
      const { key, value, revision } = await findOwn(context, input.NetworkInterfaceId ?? '');
      const subnet = (await find(context, context, kinds.subnet, value.subnetId)).value;
      const instance = (await instances.get(context.store, context, value.attachment?.instanceId ?? ''))?.value;
      // Those that it has already it keeps, as EC2 answers them again.
      const fresh = Array.isArray(wish.secondary) ? { secondary: wish.secondary.filter((address) => !value.secondary?.includes(address)) } : wish;
      const more = takeMore(await subnetPool(context, context, subnet), value.id, fresh);
      const after = withMore(value, more);
      checkAddressLimit(instance && instanceTypes.get(instance.instanceType), after);
      return {
        changes: [networkInterfaces.put(key, after, revision), ...more.changes],
        result: {
          NetworkInterfaceId: value.id,
          AssignedPrivateIpAddresses: (Array.isArray(wish.secondary) ? wish.secondary : more.secondary).map((PrivateIpAddress) => ({ PrivateIpAddress })),
          AssignedIpv4Prefixes: more.prefixes.map((Ipv4Prefix) => ({ Ipv4Prefix })),
        },
      };
    });
  },

  UnassignPrivateIpAddresses: async ({ NetworkInterfaceId: id = '', PrivateIpAddresses: addresses = [], Ipv4Prefixes: prefixes = [] }, context) => {
    await transact(context, async () => {
      const { key, value, revision } = await findOwn(context, id);
      const [secondary, delegated] = [value.secondary ?? [], value.prefixes ?? []];
      if (addresses.some((address) => !secondary.includes(address))) throw invalidParameterValue(`Some of the specified addresses are not assigned to interface ${id}`);
      if (prefixes.some((prefix) => !delegated.includes(prefix))) throw invalidParameterValue(`Some of the specified prefixes are not assigned to interface ${id}`);
      const after = { ...value, secondary: secondary.filter((address) => !addresses.includes(address)), prefixes: delegated.filter((prefix) => !prefixes.includes(prefix)) };
      const changes: Change[] = [networkInterfaces.put(key, after, revision), ...giveBack(context, value.subnetId, [...addresses, ...prefixes])];
      return { changes, result: undefined };
    });
    return {};
  },
} satisfies Ec2Operations;

const withMore = (one: NetworkInterface, { secondary, prefixes }: { secondary: string[]; prefixes: string[] }): NetworkInterface =>
  ({ ...one, secondary: [...(one.secondary ?? []), ...secondary], prefixes: [...(one.prefixes ?? []), ...prefixes] });
