import { defineConfig } from "@playwright/test";
import stories from "./playwright.config.ts";

/** Not stories: `make lighthouse` measures, with nothing beside it. */
export default defineConfig(stories, { testDir: ".", testMatch: "lighthouse.ts", outputDir: "results/lighthouse", workers: 1, timeout: 300_000 });
