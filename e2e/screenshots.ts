/**
 * Takes pictures of every screen into screens, and the one of both sides for the README:
 * `npm run screenshots`, or `npm run screenshots -- -g README` for that one alone.
 */
import { mkdir, writeFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { type ContextOptions, desktop, expect, inChinese, inDark, inForcedColors, type Page, phone, tablet, test } from "./harness.ts";
import { tour } from "./tour.ts";

const screens = fileURLToPath(new URL("screens/", import.meta.url));
const images = fileURLToPath(new URL("../docs/images/", import.meta.url));
const mostKib = 400;

const still = { reducedMotion: "reduce" } as const;
const large: ContextOptions = { viewport: { width: 1920, height: 1080 } };
/** As somebody has it who reads at twice the size: half the room, everything twice as large. */
const zoomed: ContextOptions = { viewport: { width: 640, height: 400 }, deviceScaleFactor: 2 };
const looks: { [name: string]: ContextOptions } = {
  "390-light-en": phone,
  "390-dark-zh": { ...phone, ...inDark, ...inChinese },
  "768-light-zh": { ...tablet, ...inChinese },
  "768-dark-en": { ...tablet, ...inDark },
  "1280-light-en": desktop,
  "1280-dark-zh": { ...desktop, ...inDark, ...inChinese },
  "1920-light-zh": { ...large, ...inChinese },
  "1920-dark-en": { ...large, ...inDark },
  "200-percent-en": zoomed,
  "forced-colors-en": { ...desktop, ...inForcedColors },
};

for (const [name, look] of Object.entries(looks)) {
  test(`every screen: ${name}`, async ({ server, person }) => {
    await mkdir(`${screens}${name}`, { recursive: true });
    await tour(server, () => person({ ...look, ...still }), async (screen) => {
      await screen.page.screenshot({ path: `${screens}${name}/${screen.name}.png` });
    });
  });
}

test("README: the buyer on a phone, the seller at a desk", async ({ server, person }) => {
  const shots = new Map<string, Buffer>();
  const look = { buyer: phone, seller: desktop, other: phone };
  await tour(server, (who) => person({ ...look[who], ...still }), async ({ name, page }) => {
    if (name === "chat" || name === "console") shots.set(name, await page.screenshot());
  });
  const paper = await person({ viewport: { width: 1360, height: 800 } });
  const picture = await compose(await paper.open("/signed-out"), shots);
  expect(picture.length / 1024, "KiB of both-sides.png").toBeLessThan(mostKib);
  await mkdir(images, { recursive: true });
  await writeFile(`${images}both-sides.png`, picture);
});

/** Both sides in one picture. */
async function compose(page: Page, shots: ReadonlyMap<string, Buffer>): Promise<Buffer> {
  const url = (name: string) => `data:image/png;base64,${shots.get(name)?.toString("base64") ?? ""}`;
  await page.goto("about:blank");
  await page.setContent(`<!doctype html>
    <style>
      body { margin: 0; block-size: 800px; background: linear-gradient(135deg, #dfe3ff, #f4eee4); }
      img { position: absolute; display: block; box-shadow: 0 18px 50px rgb(20 24 50 / 0.28); }
      .desk { inset: 40px auto auto 40px; inline-size: 1104px; border-radius: 12px; }
      .phone { inset: 76px 36px auto auto; inline-size: 306px; border-radius: 36px; border: 8px solid #171a26; }
    </style>
    <img class="desk" src="${url("console")}"><img class="phone" src="${url("chat")}">`);
  for (const image of await page.locator("img").all()) await expect(image).toHaveJSProperty("complete", true);
  return await page.screenshot();
}
