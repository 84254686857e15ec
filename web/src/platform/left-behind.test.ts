// @vitest-environment happy-dom
import { beforeEach, describe, expect, test, vi } from "vitest";
import type { Piece } from "../client/api.ts";
import type { OutboxItem } from "../client/ports.ts";
import { writable } from "./base64.ts";
import { withLeftBehind } from "./left-behind.ts";
import { leave } from "./untaken.ts";

beforeEach(() => localStorage.clear());

const text: Piece = { type: "text", text: "Hello" };
const picture: Piece = { type: "image", picture: { bytes: new Blob(["x"]), width: 1, height: 1 } };

const png = () => new Blob([new Uint8Array([0x89, 0x50, 0x4e, 0x47])], { type: "image/png" });

function written(nonce: string, ...pieces: Piece[]): OutboxItem {
  const files = pieces.map(() => undefined);
  return { peer: "E_1", nonce, pieces, files, order: 1, queuedAt: 1, tried: false };
}

const me = "buyer U_1";

/** What a device keeps, or one that keeps nothing. */
function device(refuses = false) {
  const kept: OutboxItem[] = [];
  const answer = async <T>(value: T): Promise<T> => {
    if (refuses) throw new Error("this browser keeps nothing");
    return value;
  };
  const store = withLeftBehind({
    all: () => answer([...kept]),
    put: async (_, item) => {
      await answer(undefined);
      kept.push(item);
    },
    remove: () => answer(undefined),
    clear: () => answer(undefined),
  });
  return { kept, store };
}

test("what a page left is taken up until the device has kept it", async () => {
  leave({ scope: me, items: [written("1", text)] });
  leave({ scope: me, items: [written("2", text)] }); // by the next page, which could not take it up
  const { kept, store } = device();
  const left = store.left(me, kept);
  expect(left.map(({ nonce, files }) => ({ nonce, files }))).toEqual([
    { nonce: "1", files: [undefined] },
    { nonce: "2", files: [undefined] },
  ]);
  await store.put(me, written("1", text));
  expect(
    device()
      .store.left(me, [])
      .map(({ nonce }) => nonce),
  ).toEqual(["2"]);
});

test("what the device does not take stays left behind, until it has been sent", async () => {
  leave({ scope: me, items: [written("1", text)] });
  const { store } = device(true);
  await expect(store.put(me, written("1", text))).rejects.toThrow("keeps nothing");
  expect(device(true).store.left(me, []), "to the page after that, too").toHaveLength(1);
  store.forget(me, "1");
  expect(device().store.left(me, [])).toEqual([]);
});

test("what the device has come to keep after all has its pictures, and what became of it since", () => {
  const items = [written("1", picture, text), written("2", text)].map((item, order) => ({ ...item, order }));
  leave({ scope: me, items: items.map((item) => ({ ...item, conversation: "c_1", tried: true })) });
  const [first] = items;
  expect(
    device().store.left(me, first === undefined ? [] : [{ ...first, files: ["f_1", undefined] }]),
  ).toEqual([
    { ...items[0], conversation: "c_1", tried: true, files: ["f_1", undefined] },
    { ...items[1], conversation: "c_1", tried: true },
  ]);
});

test("it is known what is left as yet, and what another page took up or deleted", async () => {
  leave({ scope: me, items: ["1", "2", "3"].map((nonce) => written(nonce, text)) });
  const { store } = device();
  await store.put(me, written("2", text));
  store.forget(me, "3", true);
  expect(["1", "2", "3"].map((nonce) => store.isLeft(nonce))).toEqual([true, false, false]);
});

test("before it is known whose it is nothing can be left", () => {
  expect(leave({ scope: undefined, items: [written("1", text)] })).toBe(false);
  expect(leave({ scope: undefined, items: [] })).toBe(true);
  expect(Object.keys(localStorage)).toEqual([]);
});

describe("what is deleted", () => {
  test("is gone, though the device had no time to remove it", async () => {
    const { kept, store } = device();
    kept.push(written("1", text), written("2", text));
    leave({ scope: me, items: [written("1", text)] });
    store.forget(me, "1", true);
    const all = await store.all(me);
    expect(all.map(({ nonce }) => nonce)).toEqual(["2"]);
    expect(store.left(me, all)).toEqual([]);
    expect(Object.keys(localStorage), "the device has removed it now").toEqual([]);
  });

  test("is gone, though what kept it ends later, or its removal fails", async () => {
    const { kept, store } = device();
    store.forget(me, "1", true);
    await store.put(me, written("1", text));
    await expect(device(true).store.remove(me, "1")).rejects.toThrow();
    expect(kept).toHaveLength(1);
    expect(await store.all(me)).toEqual([]);
  });

  test("and then not is there again", async () => {
    const { kept, store } = device();
    kept.push(written("1", text));
    store.forget(me, "1", true);
    store.forget(me, "1");
    expect(await store.all(me)).toHaveLength(1);
  });

  test("was left behind only, and leaves nothing", () => {
    leave({ scope: me, items: [written("1", text)] });
    device().store.forget(me, "1");
    expect(Object.keys(localStorage)).toEqual([]);
  });
});

test("what is not of this kind keeps nothing from being taken up", () => {
  localStorage.setItem("haggle.untaken.0", "{");
  leave({ scope: me, items: [written("1", text)] });
  expect(device().store.left(me, [])).toHaveLength(1);
});

test("another user neither sees it nor sends it, and who signs out leaves nothing", () => {
  leave({ scope: me, items: [written("1", text)] });
  expect(device().store.left("buyer U_2", [])).toEqual([]);
  device().store.forget("buyer U_2");
  expect(device().store.left(me, [])).toHaveLength(1);
  device().store.forget(me);
  expect(Object.keys(localStorage)).toEqual([]);
});

test("a picture that could be written down is there again", async () => {
  const bytes = await writable(png());
  const item = written("1", { type: "image", picture: { bytes, width: 1, height: 1 } }, text);
  leave({ scope: me, items: [{ ...item, files: ["f_1", undefined] }] });
  const [back] = device().store.left(me, []);
  expect(back).toMatchObject({ pieces: [{ type: "image", picture: { width: 1, height: 1 } }, text] });
  expect(back?.files).toEqual(["f_1", undefined]);
  expect(back).not.toHaveProperty("stale");
  const [piece] = back?.pieces ?? [];
  expect(piece?.type === "image" && piece.picture.bytes).toBeInstanceOf(Blob);
  // And so it is to the page after that.
  leave({ scope: me, items: back === undefined ? [] : [back] });
  expect(JSON.stringify(device().store.left(me, []))).toEqual(JSON.stringify([back]));
});

test("where there is no room for pictures, every word is left behind all the same", async () => {
  const bytes = await writable(png());
  const items = [
    written("1", { type: "image", picture: { bytes, width: 1, height: 1 } }, text),
    written("2", text),
  ];
  const { setItem } = localStorage;
  const full = (key: string, value: string): void => {
    if (value.includes("base64")) throw new DOMException("full", "QuotaExceededError");
    setItem.call(localStorage, key, value);
  };
  vi.stubGlobal(
    "localStorage",
    new Proxy(localStorage, { get: (of, name) => (name === "setItem" ? full : Reflect.get(of, name, of)) }),
  );
  expect(leave({ scope: me, items: items.map((item, order) => ({ ...item, order })) })).toBe(false);
  vi.unstubAllGlobals();
  const all = device().store.left(me, []);
  expect(all.map(({ pieces }) => pieces)).toEqual([[text], [text]]);
});

describe("where a picture is lost", () => {
  test("what was said about it, and after it to the same person, waits for its writer's word", () => {
    const items = [
      written("1", text),
      written("2", picture),
      written("3", text),
      written("4", picture, text),
    ];
    leave({ scope: me, items: items.map((item, order) => ({ ...item, order })) });
    const all = device().store.left(me, []);
    expect(all.map(({ nonce, pieces, stale = false }) => ({ nonce, pieces, stale }))).toEqual([
      { nonce: "1", pieces: [text], stale: false },
      { nonce: "3", pieces: [text], stale: true },
      { nonce: "4", pieces: [text], stale: true },
    ]);
    expect(device().store.left(me, []), "what nothing is left of is gone").toHaveLength(3);
  });

  test("so does what the device has kept", () => {
    leave({ scope: me, items: [{ ...written("2", picture, text), order: 2 }] });
    const kept = [1, 3].map((order) => ({ ...written(`${order}`, text), order }));
    const elsewhere = { ...written("4", text), peer: "E_2", order: 4 };
    const all = device().store.left(me, [...kept, elsewhere]);
    expect(all.map(({ nonce, stale }) => [nonce, stale])).toEqual([
      ["2", true],
      ["3", true],
    ]);
  });

  test("no other takes its place in the message", async () => {
    const bytes = await writable(png());
    const other: Piece = { type: "image", picture: { bytes, width: 1, height: 1 } };
    leave({
      scope: me,
      items: [{ ...written("1", picture, other, text), files: [undefined, "f_2", undefined] }],
    });
    const [left] = device().store.left(me, []);
    expect([left?.pieces, left?.files]).toEqual([[text], [undefined]]);
  });
});
