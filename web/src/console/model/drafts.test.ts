import { expect, test } from "vitest";
import type { Picture } from "../../client/api.ts";
import { type Draft, openDrafts } from "./drafts.ts";
import { shelf } from "./shelf.ts";

function memory(): Storage {
  const kept = new Map<string, string>();
  return {
    get length() {
      return kept.size;
    },
    clear: () => kept.clear(),
    getItem: (key) => kept.get(key) ?? null,
    key: () => null,
    removeItem: (key) => void kept.delete(key),
    setItem: (key, value) => void kept.set(key, value),
  };
}

/** One and the same each time, as a browser's is. */
function memoryOnce(): () => Storage {
  const storage = memory();
  return () => storage;
}

const picture: Picture = { bytes: new Blob(["x"]), width: 1, height: 1 };

test("a draft with pictures is there when one comes back to the conversation", () => {
  const drafts = openDrafts(shelf(memory, "a."));
  const draft: Draft = {
    parts: [
      { type: "text", text: "look: " },
      { type: "image", picture: "blob:1" },
    ],
    pictures: new Map([["blob:1", picture]]),
  };
  drafts.set("c1", draft);
  expect(drafts.get("c1")).toBe(draft);
  expect(drafts.lines.value.get("c1")).toEqual({ text: "look:", images: 1 });
  expect(drafts.get("c2")).toBeUndefined();
});

test("the words of a draft survive a reload, for their owner only", () => {
  const storage = memory();
  openDrafts(shelf(() => storage, "V_1.")).set("c1", {
    parts: [{ type: "text", text: "two\nlines" }],
    pictures: new Map(),
  });
  const again = openDrafts(shelf(() => storage, "V_1."));
  expect(again.get("c1")?.parts).toEqual([{ type: "text", text: "two\nlines" }]);
  expect(openDrafts(shelf(() => storage, "V_2.")).get("c1")).toBeUndefined();
});

test("two windows of one seller keep each other's drafts", () => {
  const storage = memory();
  const device = shelf(() => storage, "V_1.");
  const [one, other] = [openDrafts(device), openDrafts(device)];
  one.set("c1", { parts: [{ type: "text", text: "first" }], pictures: new Map() });
  other.set("c2", { parts: [{ type: "text", text: "second" }], pictures: new Map() });
  expect([...openDrafts(device).lines.value.keys()].sort()).toEqual(["c1", "c2"]);
});

const said = (text: string): Draft => ({
  parts: text === "" ? [] : [{ type: "text", text }],
  pictures: new Map(),
});

test("what another window has written, changed or sent is so here, too; what has pictures stays", () => {
  const device = shelf(memoryOnce(), "V_1.");
  const [one, other] = [openDrafts(device), openDrafts(device)];
  one.set("c1", said("first"));
  one.set("c2", said("second"));
  other.reread();
  expect(other.get("c1")?.parts).toEqual([{ type: "text", text: "first" }]);
  expect([...other.taken.value]).toEqual(["c1", "c2"]);
  const shown: Draft = {
    parts: [
      { type: "text", text: "second" },
      { type: "image", picture: "blob:1" },
    ],
    pictures: new Map([["blob:1", picture]]),
  };
  other.set("c2", shown);
  one.set("c1", said("first, longer"));
  other.reread();
  expect([...other.taken.value]).toEqual(["c1"]);
  expect(other.lines.value.get("c1")?.text).toBe("first, longer");
  one.set("c1", said(""));
  one.set("c2", said(""));
  other.reread();
  expect([...other.taken.value]).toEqual(["c1"]);
  expect([...other.lines.value.keys()]).toEqual(["c2"]);
  expect(other.get("c2")).toBe(shown);
});

test("a draft for which this device has no more room is not one that was sent elsewhere", () => {
  const device = shelf(memoryOnce(), "V_1.");
  const [one, other] = [openDrafts(device), openDrafts(device)];
  other.set("c0", said("the oldest"));
  for (let i = 1; i <= 50; i++) one.set(`c${i}`, said(`draft ${i}`));
  other.reread();
  one.set("c9", said(""));
  other.reread();
  expect(other.get("c0")?.parts).toEqual([{ type: "text", text: "the oldest" }]);
  expect(other.get("c9")).toBeUndefined();
  expect(other.lines.value.size).toBe(50);
});

test("a sent draft leaves no trace", () => {
  const storage = memory();
  const drafts = openDrafts(shelf(() => storage, "V_1."));
  drafts.set("c1", { parts: [{ type: "text", text: "x" }], pictures: new Map() });
  drafts.set("c1", { parts: [{ type: "text", text: " \n" }], pictures: new Map() });
  expect(drafts.lines.value.size).toBe(0);
  expect(storage.getItem("V_1.drafts")).toBeNull();
});

test("storage that throws, or holds nonsense, costs nothing but memory", () => {
  const broken = openDrafts(
    shelf(() => {
      throw new Error("denied");
    }, ""),
  );
  broken.set("c1", { parts: [{ type: "text", text: "x" }], pictures: new Map() });
  expect(broken.lines.value.get("c1")?.text).toBe("x");

  const odd = memory();
  odd.setItem("drafts", '[1, "x"');
  expect(openDrafts(shelf(() => odd, "")).lines.value.size).toBe(0);
  odd.setItem("drafts", '{"c1": 5, "c2": "ok"}');
  expect([...openDrafts(shelf(() => odd, "")).lines.value.keys()]).toEqual(["c2"]);
});

test("a draft that the device did not take is not one that was thrown away elsewhere", () => {
  const storage = memoryOnce()();
  let full = false;
  const device = shelf(
    () => ({
      ...storage,
      setItem: (key: string, value: string) => {
        if (full) throw new Error("no room");
        storage.setItem(key, value);
      },
    }),
    "V_1.",
  );
  const drafts = openDrafts(device);
  drafts.set("c1", said("short"));
  full = true;
  drafts.set("c1", said("longer"));
  drafts.set("c2", said("another"));
  drafts.reread();
  expect(drafts.get("c1")?.parts).toEqual([{ type: "text", text: "longer" }]);
  expect(drafts.get("c2")?.parts).toEqual([{ type: "text", text: "another" }]);
  expect(drafts.taken.value.size).toBe(0);
});
