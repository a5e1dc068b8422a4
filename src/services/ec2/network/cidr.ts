/** IPv4 arithmetic; addresses are unsigned 32-bit numbers. */
export interface Cidr {
  base: number;
  prefix: number;
}

export function parseAddress(text: string): number | undefined {
  const parts = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text)?.slice(1).map(Number);
  if (!parts || parts.some((part) => part > 255)) return undefined;
  return parts.reduce((sum, part) => sum * 256 + part, 0);
}

export const formatAddress = (address: number) => [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');

/** Host bits are cleared, as EC2 does; undefined for what is no CIDR. */
export function parseCidr(text: string): Cidr | undefined {
  const [address, bits] = text.split('/');
  const parsed = parseAddress(address ?? '');
  if (parsed === undefined || !/^\d{1,2}$/.test(bits ?? '') || Number(bits) > 32) return undefined;
  const prefix = Number(bits);
  return { base: parsed - (parsed % 2 ** (32 - prefix)), prefix };
}

export const formatCidr = ({ base, prefix }: Cidr) => `${formatAddress(base)}/${prefix}`;
export const sizeOf = ({ prefix }: Cidr) => 2 ** (32 - prefix);
export const holds = (outer: Cidr, address: number) => address >= outer.base && address < outer.base + sizeOf(outer);
export const contains = (outer: Cidr, inner: Cidr) => inner.prefix >= outer.prefix && holds(outer, inner.base);
export const overlaps = (a: Cidr, b: Cidr) => contains(a, b) || contains(b, a);

/** AWS keeps the first four addresses and the last one of each subnet to itself. */
export const RESERVED = 5;
export const usable = (cidr: Cidr, address: number) => address >= cidr.base + 4 && address < cidr.base + sizeOf(cidr) - 1;

/** A prefix that an interface can be given: 16 addresses, at a multiple of 16. */
export const DELEGATED = 28;
export const delegatedAt = (address: number): Cidr => ({ base: address - (address % 16), prefix: DELEGATED });

/** Those of a subnet that hold none of the addresses that AWS keeps. */
export function delegable(cidr: Cidr): Cidr[] {
  const count = Math.floor(sizeOf(cidr) / 16);
  return Array.from({ length: count }, (_, i) => ({ base: cidr.base + 16 * i, prefix: DELEGATED })).filter(({ base }) => usable(cidr, base) && usable(cidr, base + 15));
}

/** The first free address from a starting point (any number), going round; undefined when there is none. */
export function freeAddress(cidr: Cidr, taken: { has(address: string): boolean }, start: number): string | undefined {
  const count = sizeOf(cidr) - RESERVED;
  for (let i = 0; i < count; i++) {
    const address = formatAddress(cidr.base + 4 + ((start + i) % count));
    if (!taken.has(address)) return address;
  }
  return undefined;
}
