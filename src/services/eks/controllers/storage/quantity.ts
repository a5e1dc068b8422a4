const UNITS: Record<string, number> = { '': 1, m: 1e-3, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40, Pi: 2 ** 50, Ei: 2 ** 60 };

/** Bytes of a Kubernetes quantity (`64Mi`, `1e9`, `1.5Gi`); NaN for what is none. */
export function bytesOf(quantity: string): number {
  const [, number, unit = ''] = /^([+-]?[\d.]+(?:[eE][+-]?\d+)?)([A-Za-z]{0,2})$/.exec(quantity) ?? [];
  return Number(number) * (UNITS[unit] ?? NaN);
}

/** EBS counts in whole GiB, of which a volume has at least one. */
export const gibOf = (quantity: string) => Math.max(1, Math.ceil(bytesOf(quantity) / 2 ** 30));
