import type { OutboxItem, OutboxStore } from "../client/ports.ts";
import { prefix } from "./untaken.ts";

/**
 * Keeps an outbox in `store`, and takes over what a page before in this tab could only leave behind. It is the same
 * message still, by its nonce, should it have come to be sent after all. What `store` does not take stays left behind.
 */
export function withLeftBehind(store: OutboxStore): OutboxStore {
  return {
    ...store,
    async all(scope) {
      const left = withoutPictures(leftBehind(scope));
      for (const { nonce } of leftBehind(scope)) if (!left.some((item) => item.nonce === nonce)) drop(nonce);
      await Promise.allSettled(left.map((item) => store.put(scope, item).then(() => drop(item.nonce))));
      if (left.length === 0) return store.all(scope);
      const kept = await store.all(scope).catch(() => []);
      const nonces = new Set(kept.map(({ nonce }) => nonce));
      return [...kept, ...left.filter(({ nonce }) => !nonces.has(nonce))];
    },
    remove(scope, nonce) {
      drop(nonce);
      return store.remove(scope, nonce);
    },
    clear(scope) {
      for (const { nonce } of leftBehind(scope)) drop(nonce);
      return store.clear(scope);
    },
  };
}

/** What was left behind of `scope`, as it was written; that of another user stays until they come. */
function leftBehind(scope: string): OutboxItem[] {
  return keys().flatMap((key) => {
    try {
      const left = JSON.parse(sessionStorage.getItem(key) ?? "") as { scope: string; item: OutboxItem };
      return left.scope === scope ? [left.item] : [];
    } catch {
      return []; // somebody else's
    }
  });
}

function keys(): string[] {
  try {
    return Object.keys(sessionStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return []; // where storage is forbidden nothing was left
  }
}

function drop(nonce: string): void {
  try {
    sessionStorage.removeItem(prefix + nonce);
  } catch {
    // Then it was never there.
  }
}

/**
 * A picture cannot be written down. Whether to send what was said about it, and after it to the same person, is for
 * the user to decide.
 */
function withoutPictures(left: readonly OutboxItem[]): OutboxItem[] {
  const asks = new Set<string | undefined>();
  return [...left]
    .sort((a, b) => a.order - b.order)
    .flatMap((item) => {
      const pieces = item.pieces.filter(({ type }) => type !== "image");
      const to = item.peer ?? item.conversation;
      if (pieces.length < item.pieces.length) asks.add(to);
      if (pieces.length === 0) return [];
      return [{ ...item, pieces, files: pieces.map(() => undefined), ...(asks.has(to) && { stale: true }) }];
    });
}
