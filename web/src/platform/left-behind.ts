import type { Piece } from "../client/api.ts";
import type { OutboxItem, OutboxStore } from "../client/ports.ts";
import { laneOf } from "../client/sender.ts";
import { readBack } from "./base64.ts";
import { prefix } from "./untaken.ts";

/** Keeps an outbox in `store`, beside what pages before could only leave behind. What it keeps is no longer left. */
export function withLeftBehind(store: Omit<OutboxStore, "left">): OutboxStore {
  return {
    all: store.all,
    left: (scope, kept) => takenUp(leftOf(scope), kept),
    put: (scope, item) => store.put(scope, item).then(() => drop(item.nonce)),
    remove(scope, nonce) {
      drop(nonce);
      return store.remove(scope, nonce);
    },
    clear(scope) {
      for (const { nonce } of leftOf(scope)) drop(nonce);
      return store.clear(scope);
    },
  };
}

/** What was left behind of `scope`, with its pictures as text; that of another user stays until they come. */
function leftOf(scope: string): OutboxItem[] {
  return keys().flatMap((key) => {
    try {
      const left = JSON.parse(localStorage.getItem(key) ?? "") as { scope: string; item: OutboxItem };
      const files = left.item.files.map((file) => file ?? undefined); // JSON has null there
      return left.scope === scope ? [{ ...left.item, files }] : [];
    } catch {
      return []; // somebody else's
    }
  });
}

function keys(): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(prefix));
  } catch {
    return []; // where storage is forbidden nothing was left
  }
}

function drop(nonce: string): void {
  try {
    localStorage.removeItem(prefix + nonce);
  } catch {
    // Then it was never there.
  }
}

/**
 * What is to be kept from now on. It is the same message still, by its nonce, should it have come to be sent after
 * all. Where a picture is lost, whether to send what was said about it, and after it to the same person, is for the
 * user to decide.
 */
function takenUp(left: readonly OutboxItem[], kept: readonly OutboxItem[]): OutboxItem[] {
  const known = new Map(kept.map((item) => [item.nonce, item]));
  const behind = new Set(left.map(({ nonce }) => nonce));
  const asks = new Set<string>();
  return [...kept.filter(({ nonce }) => !behind.has(nonce)), ...left]
    .sort((a, b) => a.order - b.order)
    .flatMap((item) => {
      const whole = behind.has(item.nonce) ? wholeOf(item, known.get(item.nonce)) : item;
      if (whole === undefined) asks.add(laneOf(item));
      const stale = asks.has(laneOf(item)) && { stale: true };
      if (whole !== undefined) return behind.has(item.nonce) || stale ? [{ ...whole, ...stale }] : [];
      const rest = withoutPictures(item);
      if (rest.pieces.length > 0) return [{ ...rest, ...stale }];
      drop(item.nonce);
      return [];
    });
}

/** With all its pictures; undefined if one is lost. What the device has come to keep after all has them. */
function wholeOf(left: OutboxItem, kept: OutboxItem | undefined): OutboxItem | undefined {
  if (kept !== undefined) {
    const files = left.files.map((file, i) => file ?? kept.files[i]);
    return { ...left, pieces: kept.pieces, files, tried: left.tried || kept.tried };
  }
  const pieces = left.pieces.flatMap((piece) => withPicture(piece) ?? []);
  return pieces.length < left.pieces.length ? undefined : { ...left, pieces };
}

function withPicture(piece: Piece): Piece | undefined {
  if (piece.type !== "image") return piece;
  const bytes = readBack(piece.picture.bytes);
  return bytes && { ...piece, picture: { ...piece.picture, bytes } };
}

/** All of them: an upload is known by the place of its picture in the message. */
function withoutPictures(item: OutboxItem): OutboxItem {
  const pieces = item.pieces.filter(({ type }) => type !== "image");
  return { ...item, pieces, files: pieces.map(() => undefined) };
}
