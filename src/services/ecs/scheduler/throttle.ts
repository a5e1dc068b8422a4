/**
 * Tasks that fail one after the other are started ever more slowly:
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-throttle-logic.html
 */
const FIRST_MS = 10_000;
const LONGEST_MS = 15 * 60_000;

/** How long to wait with the next start. A first failure of each of the wished tasks costs nothing. */
export function throttleMs(consecutiveFailures: number, desiredCount: number): number {
  const rounds = Math.ceil(consecutiveFailures / Math.max(1, desiredCount));
  return rounds < 2 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** (rounds - 2));
}
