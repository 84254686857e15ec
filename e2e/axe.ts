import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults, RunOptions } from "axe-core";
import type { Frame, Page } from "@playwright/test";

const source = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

type Axe = { run(context: Document, options: RunOptions): Promise<AxeResults> };

/**
 * What axe finds on the page as it is now, and in the frames that are seen in it, with where: all of it, or only what
 * keeps people out.
 */
export async function barriers(page: Page, which: "all" | "serious" = "all"): Promise<string[]> {
  const found = await barriersIn(page.mainFrame(), which);
  for (const frame of page.frames()) {
    if (frame.parentFrame() === null || !(await isSeen(frame))) continue;
    found.push(...(await barriersIn(frame, which)).map((one) => `in the frame, ${one}`));
  }
  return found;
}

async function isSeen(frame: Frame): Promise<boolean> {
  return await (await frame.frameElement()).isVisible();
}

/** Axe is put into a document once and stays: reading it takes longer than most screens do. */
async function barriersIn(frame: Frame, which: "all" | "serious"): Promise<string[]> {
  if (await frame.evaluate(() => !("axe" in globalThis))) await frame.evaluate(source);
  const violations = await frame.evaluate(async () => {
    const { axe } = globalThis as unknown as { axe: Axe };
    // What is fading in has the contrast of a moment.
    const ends = document.getAnimations().filter((it) => it.effect?.getComputedTiming().endTime !== Number.POSITIVE_INFINITY);
    await Promise.allSettled(ends.map((it) => it.finished));
    // Style sheets are fetched once more only for rules that are experiments. What is in a frame is looked at by itself.
    const found = await axe.run(document, { resultTypes: ["violations"], preload: false, iframes: false });
    return found.violations.map(({ id, help, impact, nodes }) => ({ id, help, impact, html: nodes.map((n) => n.html) }));
  });
  const counted = violations.filter((v) => which === "all" || v.impact === "serious" || v.impact === "critical");
  return counted.map((v) => `${v.id}: ${v.help}\n  ${v.html.join("\n  ")}`);
}
