/**
 * Compresses what is built, once and for good: Zopfli takes seconds where gzip takes milliseconds, and every page is
 * 4 % smaller for it. The server hands these files out as they are.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { gzipAsync } from "@gfx/zopfli";

const dist = new URL("../dist/", import.meta.url);
/** Pictures are compressed already. */
const texts = /\.(js|mjs|css|html|svg|json|webmanifest)$/;

for (const name of readdirSync(dist, { recursive: true })) {
  if (!texts.test(name)) continue;
  const data = readFileSync(new URL(name, dist));
  const packed = await gzipAsync(data, { numiterations: 30 });
  if (packed.length < data.length) writeFileSync(new URL(`${name}.gz`, dist), packed);
}
