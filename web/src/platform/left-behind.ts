import type { Piece } from "../client/api.ts";
import type { OutboxItem, OutboxStore } from "../client/ports.ts";
import { fileOf } from "./base64.ts";
import { prefix } from "./untaken.ts";

/**
 * Keeps an outbox in `store`, and takes over what a page before in this tab could only leave behind. It is the same
 * message still, by its nonce, should it have come to be sent after all. What `store` has come to keep after all is
 * the better one: it has all its pictures. What `store` does not take stays left behind.
 */
export function withLeftBehind(store: OutboxStore): OutboxStore {
  const put: OutboxStore["put"] = (scope, item) => store.put(scope, item).then(() => drop(item.nonce));
  return {
    put,
    async all(scope) {
      const behind = leftBehind(scope);
      if (behind.length === 0) return store.all(scope);
      const kept = await store.all(scope).catch(() => []);
      const left = asking(behind.filter(({ item: { nonce } }) => !kept.some((item) => item.nonce === nonce)));
      for (const { item } of behind) if (!left.some(({ nonce }) => nonce === item.nonce)) drop(item.nonce);
      await Promise.allSettled(left.map((item) => put(scope, item)));
      return [...kept, ...left].sort((a, b) => a.order - b.order);
    },
    remove(scope, nonce) {
      drop(nonce);
      return store.remove(scope, nonce);
    },
    clear(scope) {
      for (const { item } of leftBehind(scope)) drop(item.nonce);
      return store.clear(scope);
    },
  };
}

/** A message as far as it could be written down: without the pictures that are lost. */
type Left = { item: OutboxItem; lost: boolean };

/** What was left behind of `scope`; that of another user stays until they come. */
function leftBehind(scope: string): Left[] {
  return keys().flatMap((key) => {
    try {
      const left = JSON.parse(sessionStorage.getItem(key) ?? "") as { scope: string; item: OutboxItem };
      return left.scope === scope ? [readBack(left.item)] : [];
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

function readBack(item: OutboxItem): Left {
  const pairs = item.pieces.flatMap((piece, i) => {
    const whole = withPicture(piece);
    return whole === undefined ? [] : [{ whole, file: item.files[i] ?? undefined }];
  });
  const [pieces, files] = [pairs.map(({ whole }) => whole), pairs.map(({ file }) => file)];
  return { item: { ...item, pieces, files }, lost: pieces.length < item.pieces.length };
}

function withPicture(piece: Piece): Piece | undefined {
  if (piece.type !== "image") return piece;
  const written: unknown = piece.picture.bytes; // text, if there was room for it
  const bytes = typeof written === "string" ? fileOf(written) : undefined;
  return bytes && { ...piece, picture: { ...piece.picture, bytes } };
}

/**
 * Where a picture is lost, whether to send what was said about it, and after it to the same person, is for the user
 * to decide.
 */
function asking(left: readonly Left[]): OutboxItem[] {
  const asks = new Set<string | undefined>();
  return [...left]
    .sort((a, b) => a.item.order - b.item.order)
    .flatMap(({ item, lost }) => {
      const to = item.peer ?? item.conversation;
      if (lost) asks.add(to);
      if (item.pieces.length === 0) return [];
      return [{ ...item, ...(asks.has(to) && { stale: true }) }];
    });
}
