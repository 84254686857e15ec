/** Messages that a page leaves to the next one of its user, as it went before the device had kept them. */
import type { Untaken } from "../client/api.ts";

export const prefix = "haggle.untaken.";

const withoutPictures = (key: string, value: unknown): unknown => (key === "bytes" ? undefined : value);

/** Leaves them, each under a key of its own, and notes in `left` which: what was left before stays. */
export function leave({ scope, items }: Untaken, left: Set<string>): void {
  if (scope === undefined) return;
  // Every word first: there may be no room for all pictures.
  for (const replacer of [withoutPictures, undefined])
    for (const item of items)
      try {
        localStorage.setItem(prefix + item.nonce, JSON.stringify({ scope, item }, replacer));
        left.add(item.nonce);
      } catch {
        // Storage is full or forbidden; the page has asked whether to go.
      }
}

/**
 * Takes them back, as the browser has kept the page itself. False if another page has taken up any meanwhile: what
 * has become of that this page does not know.
 */
export function takeBack({ items }: Untaken, left: Set<string>): boolean {
  const all = items.every(({ nonce }) => !left.has(nonce) || localStorage.getItem(prefix + nonce) !== null);
  for (const nonce of left) localStorage.removeItem(prefix + nonce);
  left.clear();
  return all;
}
