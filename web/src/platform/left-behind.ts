import type { OutboxItem, OutboxStore } from "../client/ports.ts";
import { prefix } from "./untaken.ts";

/**
 * Keeps an outbox in `store`, and takes over what a page before in this tab could only leave behind. It is the same
 * message still, by its nonce, should it have come to be sent after all.
 */
export function withLeftBehind(store: OutboxStore): OutboxStore {
  return {
    ...store,
    async all(scope) {
      const left = takeLeft(scope);
      await Promise.allSettled(left.map((item) => store.put(scope, item)));
      if (left.length === 0) return store.all(scope);
      const kept = await store.all(scope).catch(() => []);
      const nonces = new Set(kept.map(({ nonce }) => nonce));
      return [...kept, ...left.filter(({ nonce }) => !nonces.has(nonce))];
    },
  };
}

/** What was left behind of `scope`; that of another user stays until they come. */
function takeLeft(scope: string): OutboxItem[] {
  try {
    return Object.keys(sessionStorage).flatMap((key) => {
      if (!key.startsWith(prefix)) return [];
      const left = JSON.parse(sessionStorage.getItem(key) ?? "") as { scope: string; item: OutboxItem };
      if (left.scope !== scope) return [];
      sessionStorage.removeItem(key);
      return withoutPictures(left.item);
    });
  } catch {
    return []; // where storage is forbidden nothing was left
  }
}

/** A picture cannot be written down. Whether to send what was said about it is for the user to decide. */
function withoutPictures(item: OutboxItem): OutboxItem[] {
  const pieces = item.pieces.filter(({ type }) => type !== "image");
  if (pieces.length === 0) return [];
  const files = pieces.map(() => undefined);
  return [{ ...item, pieces, files, ...(pieces.length < item.pieces.length && { stale: true }) }];
}
