import type { Env, Scope } from '../../../control/service.ts';
import type { Change } from '../../../store/store.ts';
import { addressInUse, insufficientAddressCapacity, insufficientCidrBlocks, insufficientFreeAddresses, invalidParameterValue } from '../errors.ts';
import { publicAddresses, subnetAddresses } from '../records.ts';
import type { Subnet } from '../records.ts';
import { delegable, delegatedAt, formatAddress, formatCidr, freeAddress, parseAddress, parseCidr, sizeOf, usable } from './cidr.ts';
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

/**
 * A subnet's addresses and `/28` prefixes. An address's record is made only where its prefix has none, and a prefix's only where none of
 * its addresses has: they never overlap, whoever commits first. Addresses are taken from the lower half of the subnet, prefixes from
 * the upper one, until there is no room there: scattered addresses would soon leave no prefix free.
 */
export interface SubnetPool {
  take(owner: string, wanted?: string): { address: string; changes: Change[] };
  takePrefix(owner: string, wanted?: string): { prefix: string; changes: Change[] };
}

export async function subnetPool(env: Env, scope: Scope, subnet: Subnet): Promise<SubnetPool> {
  const cidr = cidrOf(subnet.cidrBlock);
  const taken = new Set((await subnetAddresses.list(env.store, scope, subnet.id)).map(({ key }) => subnetAddresses.parse(key).names[1] ?? ''));
  const key = (name: string) => subnetAddresses.key(scope, subnet.id, name);
  const prefixOf = (address: string) => formatCidr(delegatedAt(parseAddress(address) ?? 0));
  const isTaken = { has: (address: string) => taken.has(address) || taken.has(prefixOf(address)) };
  const addressesIn = ({ base }: Cidr) => Array.from({ length: 16 }, (_, i) => formatAddress(base + i));
  const isFree = (block: Cidr) => !taken.has(formatCidr(block)) && !addressesIn(block).some((address) => taken.has(address));

  function choosePrefix(): Cidr | undefined {
    const all = delegable(cidr);
    const [low, high] = [all.slice(0, all.length / 2), all.slice(all.length / 2)];
    const start = anywhere(env) % Math.max(1, high.length);
    return [...high.slice(start), ...high.slice(0, start), ...low.reverse()].find(isFree);
  }

  function namedPrefix(wanted: string): Cidr {
    const block = parseCidr(wanted);
    if (!block || formatCidr(block) !== wanted || !delegable(cidr).some(({ base, prefix }) => base === block.base && prefix === block.prefix)) {
      throw invalidParameterValue(`Prefix ${wanted} does not fall within the subnet's address range`);
    }
    if (!isFree(block)) throw addressInUse(wanted);
    return block;
  }

  return {
    take(owner, wanted) {
      if (wanted !== undefined) {
        const parsed = parseAddress(wanted);
        if (parsed === undefined || !usable(cidr, parsed)) throw invalidParameterValue(`Address ${wanted} does not fall within the subnet's address range`);
        if (isTaken.has(wanted)) throw addressInUse(wanted);
      }
      const address = wanted ?? freeAddress(cidr, isTaken, anywhere(env) % (sizeOf(cidr) / 2));
      if (address === undefined) throw insufficientFreeAddresses(subnet.id, 1);
      taken.add(address);
      return { address, changes: [subnetAddresses.put(key(address), owner, 0), { check: key(prefixOf(address)), expect: 0 }] };
    },
    takePrefix(owner, wanted) {
      const block = wanted === undefined ? choosePrefix() : namedPrefix(wanted);
      if (!block) throw insufficientCidrBlocks();
      const prefix = formatCidr(block);
      taken.add(prefix);
      return { prefix, changes: [subnetAddresses.put(key(prefix), owner, 0), ...addressesIn(block).map((address) => ({ check: key(address), expect: 0 }))] };
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
