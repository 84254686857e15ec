import preact from "@preact/preset-vite";
import { defineConfig, type Plugin } from "vite";
import { shortPrivate } from "./short-private.ts";

/** Lightning CSS's Features.LightDark: no style says light-dark(), so none needs what stands in for it. */
const lightDark = 1_048_576;

/** Where `npm run dev` finds the server that answers everything but the pages. */
const server = "http://127.0.0.1:8080";

type Modules = { getModuleInfo(id: string): { importedIds: readonly string[] } | null };

/** Everything that files of the source import, and what that imports, but for what is imported when it is needed. */
function importedBy(files: readonly string[], modules: Modules): Set<string> {
  const found = new Set(files.map((file) => `${import.meta.dirname}/src/${file}`));
  for (const at of found) for (const next of modules.getModuleInfo(at)?.importedIds ?? []) found.add(next);
  return found;
}

/** What a page's script needs before it can begin is one file: that compresses better and comes sooner than many. */
function first(mode: string) {
  return (id: string, modules: Modules): string | null =>
    importedBy([`${mode}/main.tsx`], modules).has(id) ? "first" : null;
}

/** What is loaded once there is a conversation on the screen; each by itself it would be many tiny files. */
const laterParts = [
  "buyer/asking.tsx",
  "buyer/blocked.tsx",
  "buyer/chat-menu.tsx",
  "buyer/unavailable.tsx",
  "platform/picture.ts",
  "ui/drops.ts",
  "ui/i18n/failure-text.ts",
  "ui/i18n/failure-codes.ts",
  "ui/load-failed.tsx",
  "ui/message-menu.tsx",
  "ui/outgoing-notes.tsx",
  "ui/picture-tray.tsx",
  "ui/thread-away.tsx",
];

/** What may be needed before that, or without it, is a file of its own. */
const aloneParts = [
  "buyer/embed.ts",
  "buyer/inbox-pane.tsx",
  "platform/sending.ts",
  "buyer/signed-out.tsx",
  "ui/mixed-body.tsx",
];

/** Who opens the chat for the first time has no messages to draw. */
function messages(id: string, modules: Modules): string | null {
  return importedBy(["ui/message-list.tsx"], modules).has(id) ? "messages" : null;
}

function later(id: string, modules: Modules): string | null {
  const alone = importedBy(aloneParts, modules);
  return importedBy(laterParts, modules).has(id) && !alone.has(id) ? "later" : null;
}

/**
 * What wraps each `import()`: it waits for the styles of what is imported, but for those that the page began with,
 * which would otherwise come a second time and win over all others. Vite's own does more than these pages
 * have a use for, in more than a kilobyte.
 */
const helper = `
const links = new Map([...document.querySelectorAll("link")].map((link) => [link.getAttribute("href").slice(1)]));
const load = (file) => new Promise((done, failed) => {
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = "/" + file;
  link.onload = done;
  link.onerror = () => { links.delete(file); link.remove(); failed(new Error(file)); };
  document.head.append(link);
});
export const __vitePreload = async (code, files = []) => {
  await Promise.all(files.map((file) => {
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

/**
 * What a page's file says to a browser, without what it says to whoever reads it. What joins the scripts it names
 * beside them: it would else come after the first that asks for it, one journey later.
 */
function tight(): Plugin {
  return {
    name: "tight",
    apply: "build",
    transformIndexHtml: {
      order: "post",
      handler: (html, { bundle = {} }) => {
        const joins = Object.keys(bundle).find((file) => file.includes("/rolldown-runtime-"));
        const preload = joins === undefined ? "" : `<link rel="modulepreload" href="/${joins}">`;
        return html.replace("</head>", `${preload}</head>`).replace(/\n\s*| crossorigin/g, "");
      },
    },
  };
}

/** One page at a time, named by the mode: a page shares no file with another, as nobody opens both. */
export default defineConfig(({ mode }) => ({
  plugins: [preact(), stylesOnly(), shortPrivate(), tight()],
  resolve: { alias: { "preact/jsx-runtime": `${import.meta.dirname}/jsx-runtime.ts` } },
  css: { lightningcss: { exclude: lightDark } },
  build: {
    target: "es2022",
    // It is slower than Vite's own, and what it makes is smaller still when compressed.
    minify: "terser",
    terserOptions: { ecma: 2020, module: true, compress: { passes: 3 } },
    // Nothing inline: the pages' Content-Security-Policy allows files of their own only.
    assetsInlineLimit: 0,
    // Scripts find by themselves what they import; styles they have to be told of.
    modulePreload: {
      polyfill: false,
      resolveDependencies: (_, files) => files.filter((file) => file.endsWith(".css")),
    },
    emptyOutDir: mode === "buyer",
    rolldownOptions: {
      input: { [mode]: `${mode}.html` },
      output: {
        codeSplitting: {
          // The groups name all that is in them.
          includeDependenciesRecursively: false,
          groups: [
            { name: first(mode), debugName: "first", priority: 2 },
            { name: messages, debugName: "messages", priority: 1 },
            { name: later, debugName: "later" },
          ],
        },
      },
    },
  },
  server: {
    proxy: {
      "/v1": { target: server, ws: true },
      "/files": server,
    },
  },
}));
