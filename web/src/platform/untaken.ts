/** Messages that a page leaves to the next one of its user, as it went before the device had kept them. */
import type { Untaken } from "../client/api.ts";
import type { OutboxItem } from "../client/ports.ts";

export const prefix = "haggle.untaken.";

/**
 * Leaves them; or, `here` again as the browser has kept the page itself, takes them back. Each has a key of its own:
 * what was left before and is still there stays.
 */
export function leave({ scope, items }: Untaken, here = false): void {
  if (scope === undefined) return;
  const write = (item: OutboxItem, replacer?: (key: string, value: unknown) => unknown): void =>
    localStorage.setItem(prefix + item.nonce, JSON.stringify({ scope, item }, replacer));
  try {
    for (const item of items)
      if (here) localStorage.removeItem(prefix + item.nonce);
      else write(item, (key, value) => (key === "bytes" ? undefined : value));
    // With its pictures, as long as there is room.
    for (const item of items) if (!here) write(item);
  } catch {
    // Storage is full or forbidden; the page has asked whether to go.
  }
}
