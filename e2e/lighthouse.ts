/**
 * Lighthouse, as on a phone of the middle class, on the buyer's page and on a product's page of the demo shop with
 * the widget; and what the widget adds to that page's long tasks, the page with and without it in one run. It is
 * installed apart, in `lighthouse/`, as no story needs it: `make lighthouse`.
 */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BrowserContext, chromium, type Page } from "@playwright/test";
import { chromiumFlags, chromiumPath, expect } from "./harness.ts";
import type { HostShop } from "./host-shop.ts";
import { freePort, type Server } from "./server.ts";
import { test } from "./visit.ts";

/** Tries of which the middle one counts: the machine may be busy. */
const tries = 3;
/** Pairs of tries of which the middle one counts. */
const pairs = 7;
const middlePair = 3;

/** What is used of Lighthouse's own function. */
type Lighthouse = (url: string, flags: { [flag: string]: unknown }) => Promise<{ lhr: Result } | undefined>;
type Result = {
  finalDisplayedUrl: string;
  categories: { [name: string]: { score: number | null } };
  audits: { [name: string]: { numericValue?: number; details?: { items?: readonly unknown[] } } };
};

async function load(): Promise<Lighthouse> {
  const { default: lighthouse } = (await import(
    new URL("./lighthouse/node_modules/lighthouse/core/index.js", import.meta.url).href
  )) as { default: Lighthouse };
  return lighthouse;
}

type Scores = {
  performance: number;
  accessibility: number;
  longTasks: number;
  /** Those of them that the widget's script is named for. */
  widgetTasks: number;
  widget: number;
  /** In milliseconds. */
  blocking: number;
};

for (const [name, path] of [
  ["the buyer's page", "/chat?product=1001"],
  ["a product's page with the widget", "/p/1001"],
] as const) {
  test(`${name} is quick, and can be used by everybody`, async ({ server }) => {
    await inBrowser(async (context, port) => {
      await signIn(await context.newPage(), server.url);
      const scores = await middle(() => measure(server.url + path, port));
      process.stdout.write(`${name}: ${JSON.stringify(scores)}\n`);
      expect(scores.accessibility).toBe(1);
      expect(scores.performance).toBeGreaterThanOrEqual(0.95);
    });
  });
}

/** Pages that are measured with the widget and without it. */
for (const [name, of] of [
  ["the demo's product page", ({ server }: Sites) => `${server.url}/p/1001`],
  // Whose own tasks are far from long: what is long here, the widget has made.
  ["a light page on another site", ({ shop }: Sites) => shop.url],
] as const) {
  test(`the widget adds no long task to ${name}`, async ({ server, shop }) => {
    shop.uses(server);
    const url = new URL(of({ server, shop })).href;
    await inBrowser(async (_, port) => {
      const withIt: Scores[] = [];
      const without: Scores[] = [];
      // In turn: what the machine does beside it changes.
      for (let i = 0; i < pairs; i++) {
        withIt.push(await measure(url, port));
        without.push(await measure(url, port, ["*/widget.js"]));
      }
      const [with_, without_] = [longTasks(withIt), longTasks(without)];
      const own = withIt.map(({ widgetTasks }) => widgetTasks).sort((a, b) => a - b);
      process.stdout.write(`${name}: long tasks with the widget ${with_}, of them its own ${own}; without ${without_}\n`);
      expect(withIt.map(({ widget }) => widget), "whether the widget was there").toEqual(withIt.map(() => 1));
      expect(without.map(({ widget }) => widget)).toEqual(without.map(() => 0));
      expect(own[middlePair], "the script by itself").toBe(0);
      expect(with_[middlePair]).toBeLessThanOrEqual(without_[middlePair] ?? 0);
    });
  });
}

type Sites = { server: Server; shop: HostShop };

const longTasks = (all: readonly Scores[]): number[] => all.map((scores) => scores.longTasks).sort((a, b) => a - b);

/** A browser of its own that Lighthouse can drive. */
async function inBrowser(use: (context: BrowserContext, port: number) => Promise<void>): Promise<void> {
  const port = await freePort();
  const profile = await mkdtemp(join(tmpdir(), "haggle-lighthouse-"));
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath(),
    args: [...chromiumFlags, `--remote-debugging-port=${port}`],
  });
  try {
    await use(context, port);
  } finally {
    await context.close();
    await rm(profile, { recursive: true, force: true });
  }
}

async function signIn(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/p/1001`);
  await page.locator('.who button[value="a"]').click();
  await page.locator('[data-chat="1001"]').click();
  await page.waitForURL("**/chat?product=1001");
  await page.close();
}

async function measure(url: string, port: number, blockedUrlPatterns: string[] = []): Promise<Scores> {
  const lighthouse = await load();
  const result = await lighthouse(url, {
    port,
    output: "json",
    logLevel: "error",
    onlyCategories: ["performance", "accessibility"],
    disableStorageReset: true,
    blockedUrlPatterns,
  });
  if (result === undefined) throw new Error(`Lighthouse says nothing of ${url}`);
  const { categories, audits, finalDisplayedUrl } = result.lhr;
  expect(finalDisplayedUrl, "the page that was measured").toBe(url);
  const requests = (audits["network-requests"]?.details?.items ?? []) as { url: string; statusCode: number }[];
  const tasks = (audits["long-tasks"]?.details?.items ?? []) as { url: string }[];
  return {
    widget: requests.filter((r) => r.url.endsWith("/widget.js") && r.statusCode === 200).length,
    performance: categories["performance"]?.score ?? 0,
    accessibility: categories["accessibility"]?.score ?? 0,
    longTasks: tasks.length,
    widgetTasks: tasks.filter(({ url }) => /\/widget/u.test(url)).length,
    blocking: Math.round(audits["total-blocking-time"]?.numericValue ?? 0),
  };
}

async function middle(once: () => Promise<Scores>): Promise<Scores> {
  const all: Scores[] = [];
  for (let i = 0; i < tries; i++) all.push(await once());
  return middleOf(all);
}

function middleOf(all: readonly Scores[]): Scores {
  const of = (key: keyof Scores) => all.map((s) => s[key]).sort((a, b) => a - b)[Math.floor(all.length / 2)] ?? 0;
  return {
    performance: of("performance"),
    accessibility: of("accessibility"),
    longTasks: of("longTasks"),
    widgetTasks: of("widgetTasks"),
    widget: of("widget"),
    blocking: of("blocking"),
  };
}
