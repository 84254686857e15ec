/**
 * Prints what each page loads until it shows what it was opened for, compressed, and fails if that is more than its
 * budget. That a browser asks for nothing else until then is a story: e2e/stories/first-load.spec.ts.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";

const kib = 1024;
const dist = new URL("../dist/", import.meta.url);

/**
 * `lazy` are the parts that are imported when they are needed and which it always needs: the words of a language,
 * the larger of which count, and what speaks with the page around a frame.
 */
const loads = [
  { name: "buyer.html, without messages", page: "buyer.html", lazy: [["first-en", "first-zh-cn"]], budget: 36 },
  {
    name: "buyer.html, with messages",
    page: "buyer.html",
    lazy: [["first-en", "first-zh-cn"], ["messages"]],
    budget: 42,
  },
  {
    // Whoever opens the chat for the first time has no messages yet; they are drawn by what comes next.
    name: "the first opening in a shop's page, all of it",
    page: "buyer.html",
    lazy: [["first-en", "first-zh-cn"], ["embed"]],
    framed: true,
    around: [panel()],
    budget: 40,
  },
  {
    // As browsers are served that take Brotli: over TLS they all do.
    name: "the first opening by Brotli",
    page: "buyer.html",
    lazy: [["first-en", "first-zh-cn"], ["embed"]],
    framed: true,
    around: [panel()],
    form: "br",
    budget: 37,
  },
  {
    name: "an opening in a shop's page with messages, all of it",
    page: "buyer.html",
    lazy: [["first-en", "first-zh-cn"], ["embed"], ["messages"]],
    framed: true,
    around: [panel()],
    budget: 46,
  },
  {
    name: "the same by Brotli",
    page: "buyer.html",
    lazy: [["first-en", "first-zh-cn"], ["embed"], ["messages"]],
    framed: true,
    around: [panel()],
    form: "br",
    budget: 43,
  },
  {
    name: "console.html",
    page: "console.html",
    lazy: [
      ["first-en", "first-zh-cn"],
      ["en", "zh-cn"],
    ],
    budget: 150,
  },
  // What every page of a shop loads.
  { name: "widget.js", page: "widget.js", lazy: [], budget: 3 },
  // What apps and mini-programs copy.
  { name: "haggle-uniapp.js", page: "haggle-uniapp.js", lazy: [], budget: 10 },
  // What opens around the frame.
  { name: "widget-panel.js", page: panel(), lazy: [], budget: 3.25 },
];

function panel() {
  const [file] = readdirSync(new URL("assets/", dist)).filter((name) => /^widget-panel-.*\.js$/.test(name));
  return `assets/${file}`;
}

/** Its size as the server sends it: as `scripts/compress.js` has left it. */
function size(file, form = "gz") {
  const packed = `${file}.${form}`;
  return readFileSync(new URL(existsSync(new URL(packed, dist)) ? packed : file, dist)).length;
}

/** The page, all that it names and imports at once, its `lazy` parts, and what opens `around` it. */
function firstLoad({ page, lazy, framed, around = [] }) {
  const files = new Set([page]);
  if (page.endsWith(".html")) {
    const html = readFileSync(new URL(page, dist), "utf8");
    for (const [, path] of html.matchAll(/<(?:script|link)[^>]* (?:src|href)="\/([^"]+)"/g)) files.add(path);
  }
  follow(files);
  const scripts = [...files].filter((file) => file.endsWith(".js")).map(read).join("\n");
  for (const parts of lazy) {
    files.add(largest(parts, scripts));
    for (const style of stylesOf(parts, scripts)) files.add(style);
  }
  follow(files);
  // No browser asks for the icon of a page in a frame.
  return [...files, ...around].filter((file) => framed !== true || file !== "favicon.svg");
}

function read(file) {
  return readFileSync(new URL(file, dist), "utf8");
}

/** Adds what scripts import at once; what is loaded later is import("…"). */
function follow(files) {
  for (const file of files) {
    if (!file.endsWith(".js")) continue;
    for (const [, name] of read(file).matchAll(/(?:^|[;}\s])(?:import|export)[^"'();]*?["']\.\/([^"']+)["']/g))
      files.add(`assets/${name}`);
  }
}

/** The largest of some parts, which are the same in several languages, as the scripts of a page import them. */
function largest(parts, scripts) {
  const files = parts.map((part) => {
    const [, name] = new RegExp(`import\\(["'\`]\\./(${part}-[\\w-]{8}\\.js)`).exec(scripts) ?? [];
    if (name === undefined) throw new Error(`no script of the page imports ${part}`);
    return `assets/${name}`;
  });
  return files.sort((a, b) => size(b) - size(a))[0];
}

/** The styles that come with parts. */
function stylesOf(parts, scripts) {
  return parts.flatMap((part) => scripts.match(new RegExp(`assets/${part}-[\\w-]{8}\\.css`)) ?? []);
}

let over = false;
for (const load of loads) {
  const { name, budget } = load;
  const files = firstLoad(load).map((file) => ({ file, bytes: size(file, load.form) }));
  const total = files.reduce((sum, { bytes }) => sum + bytes, 0);
  over ||= total > budget * kib;
  const verdict = total > budget * kib ? "OVER" : "ok";
  process.stdout.write(`${name}: ${(total / kib).toFixed(2)} of ${budget} KiB ${load.form === "br" ? "Brotli" : "gzip"}, ${verdict}\n`);
  for (const { file, bytes } of files)
    process.stdout.write(`  ${(bytes / kib).toFixed(1).padStart(6)} KiB  ${file}\n`);
}
process.exitCode = over ? 1 : 0;
