import { defineConfig } from "@playwright/test";
import stories from "./playwright.config.ts";

/** Not stories: `npm run screenshots` takes pictures. */
export default defineConfig(stories, { testDir: ".", testMatch: "screenshots.ts", outputDir: "results/screenshots", timeout: 600_000 });
