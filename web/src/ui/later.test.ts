import { expect, test } from "vitest";
import { later, loadLater } from "./later.ts";

test("what is loaded later may have more to load, and all of it comes", async () => {
  const loaded: string[] = [];
  later(async () => {
    loaded.push("messages");
    later(async () => loaded.push("keys"));
  });
  later(() => Promise.reject(new Error("no network")));
  await loadLater();
  expect(loaded).toEqual(["messages", "keys"]);
});
