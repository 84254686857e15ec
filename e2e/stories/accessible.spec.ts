import { barriers } from "../axe.ts";
import { desktop, expect, inChinese, inDark, inForcedColors, phone, tablet, test } from "../harness.ts";
import { answerTo, picture, pick, Thread } from "../talk.ts";
import { tour } from "../tour.ts";

/** What is fading in has the contrast of a moment. */
const still = { reducedMotion: "reduce" } as const;

// Colours differ between light and dark, words between languages, and the screens between sizes.
for (const [name, look] of Object.entries({
  "phone, light, English": phone,
  "phone, dark, Chinese": { ...phone, ...inDark, ...inChinese },
  "tablet, light, Chinese": { ...tablet, ...inChinese },
  "desktop, dark, English": { ...desktop, ...inDark },
  "desktop, forced colours, English": { ...desktop, ...inForcedColors },
})) {
  test(`every screen can be used by everybody: ${name}`, async ({ server, person }) => {
    test.setTimeout(600_000); // a tour of more than 50 screens
    const found: { [screen: string]: string[] } = {};
    await tour(server, () => person({ ...look, ...still }), async (screen) => {
      const here = await barriers(screen.page);
      if (here.length > 0) found[screen.name] = here;
    });
    expect(found, "what axe finds, by screen").toEqual({});
  });
}

test("in forced colours the list shows which conversation is open", async ({ person }) => {
  const buyer = new Thread(await (await person({ ...desktop, ...inForcedColors })).chatAbout(1001));
  await buyer.say("Is it grey?");
  await expect(buyer.page.locator(".inbox-row[aria-current]")).toHaveCSS("outline-style", "solid");
});

test("in forced colours a buyer sees which emoji are shown, and of a picture nothing behind it", async ({ person }) => {
  const buyer = new Thread(await (await person({ ...desktop, ...inForcedColors })).chatAbout(1001));
  const { page } = buyer;
  await page.locator(".emoji-box > button").click();
  const groups = page.locator(".emoji-groups > button");
  await expect(groups.and(page.locator('[aria-pressed="true"]'))).toHaveCSS("border-bottom-style", "solid");
  for (const other of await groups.and(page.locator('[aria-pressed="false"]')).all()) {
    await expect(other).toHaveCSS("border-bottom-style", "none");
  }
  // A text font has half of them too, in black.
  await expect(page.locator(".emoji-grid button").first()).toHaveCSS("font-family", /^"Apple Color Emoji"/);
  await page.keyboard.press("Escape");
  await pick(page, picture("mug.png"));
  await buyer.say("🎉");
  await expect(buyer.log.locator(".big-emoji")).toHaveCSS("font-family", /^"Apple Color Emoji"/);
  await buyer.log.locator(".picture").click();
  await expect(page.locator(".pswp__bg")).toHaveCSS("opacity", "1");
});

test("in forced colours a seller sees what has the focus, what is chosen and what was gone to", async ({ person }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("Is the celadon grey?");
  const console = await (await person({ ...desktop, ...inForcedColors })).console("E_1/yun");
  await answerTo(console, "Lin Xia");
  const edge = console.getByRole("separator").first();
  await console.keyboard.press("Tab"); // from here on by keyboard
  await edge.focus();
  await expect(edge).toHaveCSS("outline-style", "solid");

  await console.getByRole("searchbox").fill("celadon");
  await console.locator(".c-hit").first().click();
  await expect(console.locator(".gone-to .bubble-box")).toHaveCSS("outline-style", "solid");

  // Where it has an edge, a quiet button stands in line with what is above it.
  await expect(console.locator(".c-actions > .button.quiet:first-child").first()).toHaveCSS("margin-left", "0px");

  await console.getByRole("button", { name: "Settings" }).click();
  await expect(console.getByRole("tab", { selected: true })).toHaveCSS("border-left-style", "solid");
  await expect(console.getByRole("tab", { selected: false }).first()).toHaveCSS("border-left-style", "none");
});
