/** Prints what each page loads first, gzipped, and fails if that is more than its budget. */
import { readdirSync, readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const kib = 1024;
const budgets = { "buyer.html": 50.5 * kib, "console.html": 150 * kib };
/** What every page of a shop loads. */
const loader = { name: "widget.js", budget: 3 * kib };
const dist = new URL("../dist/", import.meta.url);

/** The page itself and all that it names: scripts, what they import at once, and styles. */
function firstLoad(page) {
  const files = new Set([page]);
  for (const [, path] of readFileSync(new URL(page, dist), "utf8").matchAll(
    /(?:src|href)="\/(assets\/[^"]+)"/g,
  )) {
    files.add(path);
  }
  for (const file of files) {
    if (!file.endsWith(".js")) continue;
    // Static imports only: a lazy part is import("…").
    const code = readFileSync(new URL(file, dist), "utf8");
    for (const [, name] of code.matchAll(/(?:^|[;}\s])(?:import|export)[^"'();]*?["']\.\/([^"']+)["']/g)) {
      files.add(`assets/${name}`);
    }
  }
  return [...files, largestDictionary()];
}

/** The words of one language are a lazy part, but no page draws anything without them. */
function largestDictionary() {
  const names = readdirSync(new URL("assets/", dist)).filter((name) => /^(en|zh-cn)-.*\.js$/.test(name));
  const size = (name) => readFileSync(new URL(`assets/${name}`, dist)).length;
  return `assets/${names.sort((a, b) => size(b) - size(a))[0]}`;
}

let over = false;
for (const [page, budget] of Object.entries(budgets)) {
  const files = firstLoad(page).map((file) => {
    const bytes = readFileSync(new URL(file, dist));
    return { file, gzip: gzipSync(bytes, { level: 9 }).length };
  });
  const total = files.reduce((sum, { gzip }) => sum + gzip, 0);
  over ||= total > budget;
  const verdict = total > budget ? "OVER" : "ok";
  process.stdout.write(`${page}: ${(total / kib).toFixed(1)} of ${budget / kib} KiB gzip, ${verdict}\n`);
  for (const { file, gzip } of files) {
    process.stdout.write(`  ${(gzip / kib).toFixed(1).padStart(6)} KiB  ${file}\n`);
  }
}
const bytes = gzipSync(readFileSync(new URL(loader.name, dist)), { level: 9 }).length;
over ||= bytes > loader.budget;
process.stdout.write(`${loader.name}: ${(bytes / kib).toFixed(2)} of ${loader.budget / kib} KiB gzip\n`);
process.exitCode = over ? 1 : 0;
