/** Messages that a page leaves to the next one in its tab, as it went before the code that keeps them was there. */
import type { Untaken } from "../client/api.ts";

export const prefix = "haggle.untaken.";

/**
 * Leaves them; or, `here` again as the browser has kept the page itself, takes them back. Each has a key of its own:
 * what was left before and is still there stays.
 */
export function leave(untaken: Untaken | undefined, here = false): void {
  try {
    for (const item of untaken?.items ?? []) {
      const key = prefix + item.nonce;
      if (here) sessionStorage.removeItem(key);
      else sessionStorage.setItem(key, JSON.stringify({ scope: untaken?.scope, item }));
    }
  } catch {
    // Storage is full or forbidden; the page has asked whether to go.
  }
}
