import { defineConfig } from "@playwright/test";

/**
 * The stories share nothing: each has a server of its own, with a data directory of its own, and each
 * person a browser context of their own. Two at a time is what two processors carry.
 */
export default defineConfig({
  testDir: "stories",
  outputDir: "results",
  fullyParallel: true,
  workers: 2,
  forbidOnly: process.env["CI"] !== undefined,
  // A story that fails now and then is broken: it is not tried again.
  retries: 0,
  // A bound for what hangs, not a promise of speed: the machine may be busy.
  timeout: 120_000,
  expect: { timeout: 15_000 },
  reporter: [["list", { printSteps: false }]],
});
