import type { Scope } from '../../../control/service.ts';
import type { Change } from '../../../store/store.ts';
import type { InstanceType } from '../catalogue/instance-types.ts';
import { invalidParameterCombination, invalidValue, privateAddressLimitExceeded } from '../errors.ts';
import { subnetAddresses } from '../records.ts';
import type { NetworkInterface } from '../records.ts';
import type { SubnetPool } from './allocate.ts';

/** The addresses that an interface is to have: some by name, or as many as told. */
export interface AddressWish {
  /** The primary one; any free one unless told. */
  address?: string;
  secondary?: string[] | number;
  /** `/28`, each 16 addresses that are the interface's (prefix delegation). */
  prefixes?: string[] | number;
}

/** No instance type has more. */
const MOST_PER_INTERFACE = 64;

/** As CreateNetworkInterface and a launch's network interfaces ask for them. */
interface Asked {
  PrivateIpAddress?: string | undefined;
  PrivateIpAddresses?: { PrivateIpAddress?: string | undefined; Primary?: boolean | undefined }[] | undefined;
  SecondaryPrivateIpAddressCount?: number | undefined;
  Ipv4Prefixes?: { Ipv4Prefix?: string | undefined }[] | undefined;
  Ipv4PrefixCount?: number | undefined;
}

export function addressesAsked(input: Asked): AddressWish {
  const listed = (input.PrivateIpAddresses ?? []).map(({ PrivateIpAddress = '', Primary = false }) => ({ address: PrivateIpAddress, primary: Primary }));
  const primaries = [...(input.PrivateIpAddress === undefined ? [] : [input.PrivateIpAddress]), ...listed.filter(({ primary }) => primary).map(({ address }) => address)];
  if (new Set(primaries).size > 1) throw invalidParameterCombination('Only one private IP address can be designated as primary');
  return wishOf({
    address: primaries[0],
    addresses: listed.filter(({ primary }) => !primary).map(({ address }) => address), addressCount: input.SecondaryPrivateIpAddressCount,
    prefixes: (input.Ipv4Prefixes ?? []).map(({ Ipv4Prefix = '' }) => Ipv4Prefix), prefixCount: input.Ipv4PrefixCount,
  });
}

export function wishOf({ address, addresses, addressCount, prefixes, prefixCount }: { address?: string | undefined; addresses: string[]; addressCount: number | undefined; prefixes: string[]; prefixCount: number | undefined }): AddressWish {
  if (addresses.length && addressCount !== undefined) throw invalidParameterCombination('You cannot specify both a list of private IP addresses and a secondary private IP address count');
  if (prefixes.length && prefixCount !== undefined) throw invalidParameterCombination('You cannot specify both a list of IPv4 prefixes and an IPv4 prefix count');
  for (const [name, count = 0] of [['secondaryPrivateIpAddressCount', addressCount], ['ipv4PrefixCount', prefixCount]] as const) {
    if (count < 0) throw invalidValue(count, name);
    if (count > MOST_PER_INTERFACE) throw privateAddressLimitExceeded();
  }
  const secondary = addresses.length ? addresses : addressCount;
  const delegated = prefixes.length ? prefixes : prefixCount;
  if (secondary && delegated) throw invalidParameterCombination('You cannot specify both secondary private IP addresses and IPv4 prefixes');
  return { ...(address !== undefined && { address }), ...(secondary && { secondary }), ...(delegated && { prefixes: delegated }) };
}

/** Secondary addresses and prefixes, taken for an interface; the caller commits. */
export function takeMore(pool: SubnetPool, owner: string, { secondary = 0, prefixes = 0 }: AddressWish): Required<Pick<NetworkInterface, 'secondary' | 'prefixes'>> & { changes: Change[] } {
  const wanted = (some: string[] | number): (string | undefined)[] => (typeof some === 'number' ? Array.from({ length: some }, () => undefined) : some);
  const taken = wanted(secondary).map((address) => pool.take(owner, address));
  const blocks = wanted(prefixes).map((prefix) => pool.takePrefix(owner, prefix));
  return {
    secondary: taken.map(({ address }) => address), prefixes: blocks.map(({ prefix }) => prefix),
    changes: [...taken, ...blocks].flatMap(({ changes }) => changes),
  };
}

/** The changes that make addresses and prefixes of a subnet free again. */
export const giveBack = (scope: Scope, subnetId: string, some: string[]): Change[] => some.map((one) => ({ delete: subnetAddresses.key(scope, subnetId, one) }));

export const allOf = ({ address, secondary = [], prefixes = [] }: Pick<NetworkInterface, 'address' | 'secondary' | 'prefixes'>) => [address, ...secondary, ...prefixes];

/** By design more than AWS's smallest types have, so that a node of any type has room for its pods. */
const FEWEST_PER_INTERFACE = 8;

/** An address counts as one, and so does a prefix. Errors: PrivateIpAddressLimitExceeded. */
export function checkAddressLimit(type: Pick<InstanceType, 'addressesPerInterface'> | undefined, one: Pick<NetworkInterface, 'address' | 'secondary' | 'prefixes'>): void {
  if (type && allOf(one).length > Math.max(type.addressesPerInterface, FEWEST_PER_INTERFACE)) throw privateAddressLimitExceeded();
}
