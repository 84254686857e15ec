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

test("what is being loaded is not loaded again by who asks meanwhile, and what failed is", async () => {
  let begun = 0;
  let go = () => {};
  later(() => {
    begun++;
    return new Promise<void>((resolve) => {
      go = resolve;
    });
  });
  let tries = 0;
  later(async () => {
    if (++tries === 1) throw new Error("no network");
  });
  const first = loadLater();
  await Promise.resolve();
  const second = loadLater();
  await expect.poll(() => begun).toBe(1);
  go();
  await Promise.all([first, second]);
  expect(begun).toBe(1);
  const tried = tries;
  await loadLater();
  await loadLater();
  expect([begun, tries]).toEqual([1, Math.max(tried, 2)]);
});
