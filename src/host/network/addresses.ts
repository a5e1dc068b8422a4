/** IPv4 arithmetic on dotted strings. */

export function toNumber(address: string): number {
  return address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
}

export function toAddress(number: number): string {
  return [24, 16, 8, 0].map((shift) => (number / 2 ** shift) & 255).join('.');
}

export function parseCidr(cidr: string): { base: number; prefix: number } {
  const [address = '', prefix = '32'] = cidr.split('/');
  const size = 2 ** (32 - Number(prefix));
  return { base: Math.floor(toNumber(address) / size) * size, prefix: Number(prefix) };
}

/** The nth address of a CIDR: 0 is its base, 1 the gateway of a subnet, 2 the resolver of a VPC. */
export const nth = (cidr: string, n: number) => toAddress(parseCidr(cidr).base + n);

/** Each address of a small CIDR, or the one that is given. */
export function everyAddress(of: string): string[] {
  const { base, prefix } = parseCidr(of);
  return Array.from({ length: 2 ** (32 - prefix) }, (_, n) => toAddress(base + n));
}

export function contains(cidr: string, address: string): boolean {
  const { base, prefix } = parseCidr(cidr);
  const number = toNumber(address);
  return number >= base && number < base + 2 ** (32 - prefix);
}
