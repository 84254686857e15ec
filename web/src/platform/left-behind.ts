import type { Piece } from "../client/api.ts";
import type { OutboxItem, OutboxStore } from "../client/ports.ts";
import { laneOf } from "../client/sender.ts";
import { readBack } from "./base64.ts";
import { prefix } from "./untaken.ts";

/**
 * Keeps an outbox in `store`, beside what pages before could only leave behind. What it keeps is no longer left; and
 * what it has yet to remove, as its page may go before, is noted as gone.
 */
export function withLeftBehind(store: Omit<OutboxStore, "left" | "isLeft" | "forget">): OutboxStore {
  const remove: OutboxStore["remove"] = (scope, nonce) =>
    store.remove(scope, nonce).then(() => {
      if (isGone(nonce)) drop(nonce);
    });
  return {
    async all(scope) {
      const kept = await store.all(scope);
      const gone = kept.filter(({ nonce }) => isGone(nonce));
      for (const { nonce } of gone) remove(scope, nonce).catch(() => undefined);
      return kept.filter((item) => !gone.includes(item));
    },
    left: (scope, kept) => takenUp(leftOf(scope), kept),
    isLeft: (nonce) => read(nonce)?.item !== undefined,
    forget(scope, nonce, kept = false) {
      if (nonce === undefined) for (const item of leftOf(scope)) drop(item.nonce);
      else if (kept) noteGone(scope, nonce);
      else drop(nonce);
    },
    put: (scope, item) =>
      store.put(scope, item).then(() => {
        if (!isGone(item.nonce)) drop(item.nonce);
      }),
    remove,
    clear: store.clear,
  };
}

/** What stands in a note: a message that was left behind, or that it is gone. */
type Note = { scope: string; item?: OutboxItem };

function read(nonce: string): Note | undefined {
  try {
    return JSON.parse(localStorage.getItem(prefix + nonce) ?? "") as Note;
  } catch {
    return undefined; // none, or somebody else's
  }
}

function isGone(nonce: string): boolean {
  const found = read(nonce);
  return found !== undefined && found.item === undefined;
}

function noteGone(scope: string, nonce: string): void {
  try {
    localStorage.setItem(prefix + nonce, JSON.stringify({ scope } satisfies Note));
  } catch {
    // Storage is full or forbidden: then the device has to be quick.
  }
}

/** What was left behind of `scope`, with its pictures as text; that of another user stays until they come. */
function leftOf(scope: string): OutboxItem[] {
  return keys().flatMap((key) => {
    const { scope: of, item } = read(key.slice(prefix.length)) ?? {};
    if (of !== scope || item === undefined) return [];
    return [{ ...item, files: item.files.map((file) => file ?? undefined) }]; // JSON has null there
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
    const same = left.pieces.length === kept.pieces.length;
    const files = kept.files.map((file, i) => (same ? left.files[i] : undefined) ?? file);
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
