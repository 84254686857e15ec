import preact from "@preact/preset-vite";
import { defineConfig, type Plugin } from "vite";
import { shortPrivate } from "./short-private.ts";

/** Where `npm run dev` finds the server that answers everything but the pages. */
const server = "http://127.0.0.1:8080";

type Modules = { getModuleInfo(id: string): { importedIds: readonly string[] } | null };

/** What a page's script needs before it can begin is one file: that compresses better and comes sooner than many. */
function first(main: string) {
  const found = new Set([`${import.meta.dirname}/${main}`]);
  return (id: string, modules: Modules): string | null => {
    for (const at of found) for (const next of modules.getModuleInfo(at)?.importedIds ?? []) found.add(next);
    return found.has(id) ? "first" : null;
  };
}

/**
 * What wraps each `import()`: it waits for the styles of what is imported. Vite's own does more than these pages
 * have a use for, in more than a kilobyte.
 */
const helper = `
const links = new Map();
const load = (file) => new Promise((done, failed) => {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = "/" + file;
  link.onload = done;
  link.onerror = () => { links.delete(file); link.remove(); failed(new Error(file)); };
  document.head.append(link);
});
export const __vitePreload = async (code, files = []) => {
  await Promise.all(files.filter((file) => file.endsWith(".css")).map((file) => {
    if (!links.has(file)) links.set(file, load(file));
    return links.get(file);
  }));
  return code();
};`;

function stylesOnly(): Plugin {
  return {
    name: "styles-only",
    apply: "build",
    enforce: "pre",
    load: (id) => (id.includes("vite/preload-helper") ? helper : null),
  };
}

/** One page at a time, named by the mode: a page shares no file with another, as nobody opens both. */
export default defineConfig(({ mode }) => ({
  plugins: [preact(), stylesOnly(), shortPrivate()],
  build: {
    target: "es2022",
    // Nothing inline: the pages' Content-Security-Policy allows files of their own only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    emptyOutDir: mode === "buyer",
    rolldownOptions: {
      input: { [mode]: `${mode}.html` },
      output: { codeSplitting: { groups: [{ name: first(`src/${mode}/main.tsx`), debugName: "first" }] } },
    },
  },
  server: {
    proxy: {
      "/v1": { target: server, ws: true },
      "/files": server,
    },
  },
}));
