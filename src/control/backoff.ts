/** Exponential backoff with up to a quarter of jitter, in milliseconds. The first `next()` is about `minMs`. */
export function backoff({ minMs, maxMs, random = Math.random }: { minMs: number; maxMs: number; random?: () => number }) {
  let failures = 0;
  return {
    next(): number {
      const ms = Math.min(maxMs, minMs * 2 ** failures++);
      return Math.round(ms * (1 - random() / 4));
    },
    reset() {
      failures = 0;
    },
  };
}
