/** Messages that a page leaves to the next one of its user, as it went before the device had kept them. */
import type { Untaken } from "../client/api.ts";

export const prefix = "haggle.untaken.";

const withoutPictures = (key: string, value: unknown): unknown => (key === "bytes" ? undefined : value);

/** Leaves them, each under a key of its own: what was left before stays. Says whether there was room for all of it. */
export function leave({ scope, items }: Untaken): boolean {
  if (scope === undefined) return items.length === 0;
  let all = true;
  // Every word first: there may be no room for all pictures.
  for (const replacer of [withoutPictures, undefined])
    for (const item of items)
      try {
        localStorage.setItem(prefix + item.nonce, JSON.stringify({ scope, item }, replacer));
      } catch {
        all = false; // full or forbidden; the page has asked whether to go
      }
  return all;
}
