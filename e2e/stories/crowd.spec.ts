import { ask, takesBuyers } from "../buyers.ts";
import { expect, type Page, test } from "../harness.ts";
import { row } from "../talk.ts";

const crowd = 10_000;

// The first hundred thousand messages of a shop are said in a moment.
test.use({ flags: ["--rate-factor", "0", ...takesBuyers] });

/** Has buyers 1 to `crowd` write to the seller of a product, one after the other, many at a time. */
async function everybodyWrites(url: string): Promise<void> {
  let next = 1;
  const write = async () => {
    for (let i = next++; i <= crowd; i = next++) await ask(url, `U_crowd-${i}`, `Question ${i}`);
  };
  await Promise.all(Array.from({ length: 32 }, write));
}

/** Counts what kept the page from answering for more than 50 ms, from now on. */
async function countLongTasks(page: Page): Promise<() => Promise<{ tasks: number; longest: number }>> {
  await page.evaluate(() => {
    const seen: number[] = [];
    Object.assign(globalThis, { longTasks: seen });
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) seen.push(Math.round(entry.duration));
    }).observe({ type: "longtask" });
  });
  return () =>
    page.evaluate(() => {
      const { longTasks } = globalThis as unknown as { longTasks: number[] };
      return { tasks: longTasks.length, longest: Math.max(0, ...longTasks) };
    });
}

test("a seller with ten thousand conversations scrolls through all of them, and few rows are ever drawn", async ({
  person,
  server,
}, info) => {
  test.slow();
  await everybodyWrites(server.url);
  const console = await (await person()).console("E_1/yun");
  await expect(row(console, "U_crowd-").first()).toBeVisible();
  await expect(console).toHaveTitle(/^\(99\+\)/);
  const longTasks = await countLongTasks(console);

  const scrolled = await console.locator(".c-rows").evaluate(async (box) => {
    const frame = () => new Promise((resolve) => requestAnimationFrame(resolve));
    const names = new Set<string>();
    let most = 0;
    const more = () => box.querySelector(".c-rows-more") !== null;
    // The last page may come long after its place was reached: what is listed counts as movement too.
    const place = () => `${box.scrollTop} of ${box.scrollHeight}`;
    for (let still = 0; still < (more() ? 900 : 5); ) {
      const drawn = box.querySelectorAll<HTMLElement>(".c-row");
      most = Math.max(most, drawn.length);
      for (const one of drawn) names.add(one.dataset["id"] ?? "");
      const before = place();
      box.scrollTop += box.clientHeight;
      await frame();
      still = place() === before ? still + 1 : 0;
    }
    return { most, seen: names.size, end: !more() };
  });
  expect(scrolled.end).toBe(true);
  expect(scrolled.seen).toBe(crowd);
  expect(scrolled.most).toBeLessThan(80);
  const through = await longTasks();

  // At the far end, a message at the near one costs no more than a row.
  await ask(server.url, "U_crowd-1", "Me again");
  await console.locator(".c-rows").evaluate((box) => box.scrollTo({ top: 0 }));
  await expect(console.locator(".c-row").first()).toContainText("Me again");
  await console.locator(".c-row").first().click();
  await expect(console.getByRole("log").getByText("Me again")).toBeVisible();
  const after = await longTasks();
  info.annotations.push({ type: "long tasks", description: JSON.stringify({ through, after }) });
  process.stdout.write(`long tasks, scrolling through ${crowd}: ${JSON.stringify(through)}, in all: ${JSON.stringify(after)}\n`);
});
