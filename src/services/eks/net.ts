/** The `index`-th address of an IPv4 range. */
export function nth(cidr: string, index: number): string {
  const [base = ''] = cidr.split('/');
  const value = base.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0) + index;
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}
