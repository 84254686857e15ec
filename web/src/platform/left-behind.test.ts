// @vitest-environment happy-dom
import { beforeEach, expect, test, vi } from "vitest";
import type { Piece } from "../client/api.ts";
import type { OutboxItem, OutboxStore } from "../client/ports.ts";
import { writable } from "./base64.ts";
import { withLeftBehind } from "./left-behind.ts";
import { leave } from "./untaken.ts";

beforeEach(() => sessionStorage.clear());

const text: Piece = { type: "text", text: "Hello" };
const picture: Piece = { type: "image", picture: { bytes: new Blob(["x"]), width: 1, height: 1 } };

const png = () => new Blob([new Uint8Array([0x89, 0x50, 0x4e, 0x47])], { type: "image/png" });

function written(nonce: string, ...pieces: Piece[]): OutboxItem {
  const files = pieces.map(() => undefined);
  return { peer: "E_1", nonce, pieces, files, order: 1, queuedAt: 1, tried: false };
}

/** What a device keeps, or one that keeps nothing. */
function device(refuses = false, ...kept: OutboxItem[]) {
  const answer = async <T>(value: T): Promise<T> => {
    if (refuses) throw new Error("this browser keeps nothing");
    return value;
  };
  const store: OutboxStore = {
    all: () => answer([...kept]),
    put: async (_, item) => {
      await answer(undefined);
      kept.push(item);
    },
    remove: () => answer(undefined),
    clear: () => answer(undefined),
  };
  return { kept, store: withLeftBehind(store) };
}

test("what a page left is taken over once, and kept", async () => {
  leave({ scope: "buyer U_1", items: [written("1", text)] });
  leave({ scope: "buyer U_1", items: [written("2", text)] }); // by the next page, which could not take it over
  const { kept, store } = device();
  const all = await store.all("buyer U_1");
  expect(all.map(({ nonce, files }) => ({ nonce, files }))).toEqual([
    { nonce: "1", files: [undefined] },
    { nonce: "2", files: [undefined] },
  ]);
  expect(kept).toEqual(all);
  expect(await device().store.all("buyer U_1")).toEqual([]);
});

test("what the device has come to keep after all has its pictures, and nothing after it waits for a word", async () => {
  const items = [written("1", picture, text), written("2", text)].map((item, order) => ({ ...item, order }));
  leave({ scope: "buyer U_1", items });
  const { store } = device(false, ...items.slice(0, 1));
  expect(await store.all("buyer U_1")).toEqual(items);
  expect(Object.keys(sessionStorage)).toEqual([]);
});

test("what is kept while its page rests in the browser is no longer left behind", async () => {
  leave({ scope: "buyer U_1", items: [written("1", text)] });
  await device().store.put("buyer U_1", written("1", text));
  expect(Object.keys(sessionStorage)).toEqual([]);
});

test("it is taken over where the device keeps nothing, too", async () => {
  leave({ scope: "buyer U_1", items: [written("1", text)] });
  const refusing = device(true).store;
  expect(await refusing.all("buyer U_1")).toHaveLength(1);
  expect(await device(true).store.all("buyer U_1"), "and by the page after that").toHaveLength(1);
  await refusing.remove("buyer U_1", "1").catch(() => undefined); // it was sent
  expect(await device().store.all("buyer U_1")).toEqual([]);
});

test("a page that comes back has still what it left", async () => {
  const untaken = { scope: "buyer U_1", items: [written("1", text)] };
  leave(untaken);
  leave(untaken, true);
  expect(await device().store.all("buyer U_1")).toEqual([]);
});

test("what is not of this kind keeps nothing from being taken over", async () => {
  sessionStorage.setItem("haggle.untaken.0", "{");
  leave({ scope: "buyer U_1", items: [written("1", text)] });
  expect(await device().store.all("buyer U_1")).toHaveLength(1);
});

test("another user neither sees it nor sends it", async () => {
  leave({ scope: "buyer U_1", items: [written("1", text)] });
  expect(await device().store.all("buyer U_2")).toEqual([]);
  expect(await device().store.all("buyer U_1")).toHaveLength(1);
});

test("a picture that could be written down is there again", async () => {
  const bytes = await writable(png());
  const item = written("1", { type: "image", picture: { bytes, width: 1, height: 1 } }, text);
  leave({ scope: "buyer U_1", items: [{ ...item, files: ["f_1", undefined] }] });
  const [back] = await device().store.all("buyer U_1");
  expect(back).toMatchObject({ pieces: [{ type: "image", picture: { width: 1, height: 1 } }, text] });
  expect(back?.files).toEqual(["f_1", undefined]);
  expect(back).not.toHaveProperty("stale");
  const [piece] = back?.pieces ?? [];
  expect(piece?.type === "image" && piece.picture.bytes).toBeInstanceOf(Blob);
});

test("where there is no room for pictures, every word is left behind all the same", async () => {
  const bytes = await writable(png());
  const items = [
    written("1", { type: "image", picture: { bytes, width: 1, height: 1 } }, text),
    written("2", text),
  ];
  const { setItem } = sessionStorage;
  const full = (key: string, value: string): void => {
    if (value.includes("base64")) throw new DOMException("full", "QuotaExceededError");
    setItem.call(sessionStorage, key, value);
  };
  vi.stubGlobal(
    "sessionStorage",
    new Proxy(sessionStorage, { get: (of, name) => (name === "setItem" ? full : Reflect.get(of, name, of)) }),
  );
  leave({ scope: "buyer U_1", items: items.map((item, order) => ({ ...item, order })) });
  vi.unstubAllGlobals();
  const all = await device().store.all("buyer U_1");
  expect(all.map(({ pieces }) => pieces)).toEqual([[text], [text]]);
});

test("what was said about a picture that is lost waits for its writer's word", async () => {
  const items = [written("1", text), written("2", picture), written("3", text), written("4", picture, text)];
  leave({ scope: "buyer U_1", items: items.map((item, order) => ({ ...item, order })) });
  const { store } = device();
  const all = await store.all("buyer U_1");
  expect(all.map(({ nonce, pieces, stale = false }) => ({ nonce, pieces, stale }))).toEqual([
    { nonce: "1", pieces: [text], stale: false },
    { nonce: "3", pieces: [text], stale: true },
    { nonce: "4", pieces: [text], stale: true },
  ]);
  expect(Object.keys(sessionStorage)).toEqual([]);
});
