const first = 500;
const cap = 25_000;

/** How long to wait before the given attempt (0 is the first): exponential, with full jitter. */
export function backoff(attempt: number, random: () => number): number {
  const ceiling = Math.min(cap, first * 2 ** Math.min(attempt, 16));
  // Never quite nothing: a server that closes at once must not be asked in a tight loop.
  return Math.max(100, random() * ceiling);
}
