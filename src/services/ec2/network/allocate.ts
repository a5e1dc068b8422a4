import type { Env, Scope } from '../../../control/service.ts';
import type { Change } from '../../../store/store.ts';
import { addressInUse, insufficientAddressCapacity, insufficientFreeAddresses, invalidParameterValue } from '../errors.ts';
import { publicAddresses, subnetAddresses } from '../records.ts';
import type { Subnet } from '../records.ts';
import { freeAddress, parseAddress, parseCidr, usable } from './cidr.ts';
import type { Cidr } from './cidr.ts';

/** Gives addresses out of what was read; the change comes with `expect: 0`, so of two that took one address only one commits. */
export interface Pool {
  take(owner: string, wanted?: string): { address: string; change: Change };
}

/** A start anywhere in the range: an address just given back is seldom given out again at once, and writers seldom collide. */
const anywhere = (env: Env) => Number.parseInt(env.randomHex(8), 16);

const cidrOf = (text: string): Cidr => {
  const cidr = parseCidr(text);
  if (!cidr) throw new Error(`a stored CIDR is none: ${text}`);
  return cidr;
};

export async function subnetPool(env: Env, scope: Scope, subnet: Subnet): Promise<Pool> {
  const cidr = cidrOf(subnet.cidrBlock);
  const taken = new Set((await subnetAddresses.list(env.store, scope, subnet.id)).map(({ key }) => subnetAddresses.parse(key).names[1] ?? ''));
  return {
    take(owner, wanted) {
      if (wanted !== undefined) {
        const parsed = parseAddress(wanted);
        if (parsed === undefined || !usable(cidr, parsed)) throw invalidParameterValue(`Address ${wanted} does not fall within the subnet's address range`);
        if (taken.has(wanted)) throw addressInUse(wanted);
      }
      const address = wanted ?? freeAddress(cidr, taken, anywhere(env));
      if (address === undefined) throw insufficientFreeAddresses(subnet.id, 1);
      taken.add(address);
      return { address, change: subnetAddresses.put(subnetAddresses.key(scope, subnet.id, address), owner, 0) };
    },
  };
}

export async function publicPool(env: Env, scope: Scope): Promise<Pool> {
  const cidr = cidrOf(env.installation.publicCidr);
  const taken = new Set((await publicAddresses.list(env.store, scope)).map(({ key }) => publicAddresses.parse(key).names[0] ?? ''));
  return {
    take(owner) {
      const address = freeAddress(cidr, taken, anywhere(env));
      if (address === undefined) throw insufficientAddressCapacity();
      taken.add(address);
      return { address, change: publicAddresses.put(publicAddresses.key(scope, address), owner, 0) };
    },
  };
}
