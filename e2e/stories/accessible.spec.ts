import { barriers } from "../axe.ts";
import { desktop, expect, inChinese, inDark, inForcedColors, phone, test } from "../harness.ts";
import { Thread } from "../talk.ts";
import { tour } from "../tour.ts";

/** What is fading in has the contrast of a moment. */
const still = { reducedMotion: "reduce" } as const;

// Colours differ between light and dark, words between languages, and the screens between sizes.
for (const [name, look] of Object.entries({
  "phone, light, English": phone,
  "phone, dark, Chinese": { ...phone, ...inDark, ...inChinese },
  "desktop, light, Chinese": { ...desktop, ...inChinese },
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
