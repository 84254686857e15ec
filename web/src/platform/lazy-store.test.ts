import { expect, test } from "vitest";
import type { OutboxItem, OutboxStore } from "../client/ports.ts";
import { lazyStore } from "./browser-client.ts";

const item: OutboxItem = { nonce: "n1", pieces: [], files: [], order: 1, queuedAt: 1, tried: false };

test("storage whose code could not be loaded refuses, and is tried again by what is kept next", async () => {
  const kept: string[] = [];
  const store: OutboxStore = {
    all: async () => [],
    put: async (_, { nonce }) => void kept.push(nonce),
    remove: async () => undefined,
    clear: async () => undefined,
  };
  let opened = 0;
  const lazy = lazyStore(async () => {
    if (++opened === 1) throw new Error("no network");
    return store;
  });
  expect(opened).toBe(0); // nothing is loaded before it is needed
  await expect(lazy.put("s", item)).rejects.toThrow("no network");
  await lazy.put("s", { ...item, nonce: "n2" });
  await lazy.put("s", { ...item, nonce: "n3" });
  expect(kept).toEqual(["n2", "n3"]);
  expect(opened).toBe(2);
});
