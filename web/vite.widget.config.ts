import { readFileSync } from "node:fs";
import { build, defineConfig, type Plugin } from "vite";
import { shortPrivate } from "./short-private.ts";

/** Shops load a classic script: what a module keeps to itself would be everybody's there. */
function classic(): Plugin {
  return {
    name: "classic-script",
    generateBundle(_, bundle) {
      for (const file of Object.values(bundle)) {
        if (file.type !== "chunk") continue;
        if (file.exports.length > 0) this.error("a classic script exports nothing");
        file.code = `(()=>{${file.code.trim()}})();\n`;
      }
    },
  };
}

/** Vite loads styles along with a chunk; here no chunk has any. */
function noStyles(): Plugin {
  return {
    name: "no-styles",
    enforce: "pre",
    load: (id) =>
      id.includes("vite/preload-helper") ? "export const __vitePreload = (load) => load();" : null,
  };
}

const tokens = readFileSync(new URL("src/ui/tokens.css", import.meta.url), "utf8");

/** A colour of the light theme, as the scripts say it. */
function token(name: string): string {
  const [, colour] = new RegExp(`--${name}: (#\\w+);`).exec(tokens) ?? [];
  if (colour === undefined) throw new Error(`there is no token ${name}`);
  return JSON.stringify(colour);
}

const common = { publicDir: false, logLevel: "warn" } as const;
const target = { target: "es2022", emptyOutDir: false, modulePreload: false } as const;

/** Builds what the loader loads at the first intent, a module named by its content, and returns that name. */
async function buildPanel(): Promise<string> {
  const built = await build({
    ...common,
    configFile: false,
    plugins: [shortPrivate()],
    build: {
      ...target,
      rolldownOptions: {
        input: { panel: "src/widget/panel.ts" },
        preserveEntrySignatures: "strict",
        output: { entryFileNames: "assets/widget-[name]-[hash].js" },
      },
    },
  });
  const output = "output" in built ? built.output : [];
  const panel = output.find((file) => file.type === "chunk");
  if (panel === undefined) throw new Error("the widget's panel was not built");
  return `./${panel.fileName}`;
}

/** The loader has a name that never changes. It is a file of its own: a classic script shares nothing. */
export default defineConfig(async () => ({
  ...common,
  plugins: [classic(), noStyles(), shortPrivate()],
  define: {
    panelFile: JSON.stringify(await buildPanel()),
    accentFill: token("accent-fill"),
    accentText: token("on-accent"),
    badgeFill: token("badge"),
    badgeText: token("on-badge"),
    edgeColour: token("line-strong"),
    shadeColour: token("text"),
  },
  build: {
    ...target,
    rolldownOptions: {
      input: "src/widget/loader.ts",
      external: [/^\.\/assets\//],
      output: { entryFileNames: "widget.js" },
    },
  },
}));
