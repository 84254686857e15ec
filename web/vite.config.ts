import preact from "@preact/preset-vite";
import { defineConfig } from "vite";

/** Where `npm run dev` finds the server that answers everything but the pages. */
const server = "http://127.0.0.1:8080";

type Modules = { getModuleInfo(id: string): { importedIds: readonly string[] } | null };

/** What a page's script needs before it can begin. */
function reach(modules: Modules, main: string): ReadonlySet<string> {
  const found = new Set([`${import.meta.dirname}/src/${main}`]);
  for (const id of found) for (const next of modules.getModuleInfo(id)?.importedIds ?? []) found.add(next);
  return found;
}

/** Both pages begin with this: one file, not a dozen of all sizes, compresses better and comes sooner. */
function base(id: string, modules: Modules): string | null {
  const inBoth = ["buyer/main.tsx", "console/main.tsx"].every((main) => reach(modules, main).has(id));
  return inBoth ? "base" : null;
}

export default defineConfig({
  plugins: [preact()],
  build: {
    target: "es2022",
    // Nothing inline: the pages' Content-Security-Policy allows files of their own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      input: { buyer: "buyer.html", console: "console.html" },
      output: { codeSplitting: { groups: [{ name: base, debugName: "base" }] } },
    },
  },
  server: {
    proxy: {
      "/v1": { target: server, ws: true },
      "/files": server,
    },
  },
});
