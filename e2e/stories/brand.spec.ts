import { desktop, expect, expectAccessible, inDark, phone, test } from "../harness.ts";
import { HostShop } from "../host-shop.ts";
import { answerTo, Thread } from "../talk.ts";

/** A colour that nobody can read on white, and one that glares. */
const accents = { pale: "#ffe600", loud: "#ff6a00" };

for (const [name, accent] of Object.entries(accents)) {
  test.describe(`${name} accent`, () => {
    test.use({ flags: ["--brand-accent", accent, "--brand-radius", "10", "--brand-name", "Lantern <b>Lane</b>"] });

    for (const [theme, look] of Object.entries({ light: {}, dark: inDark })) {
      test(`everybody can read the chat in the shop's colour, ${theme}`, async ({ person }) => {
        const lin = await person({ ...phone, ...look, reducedMotion: "reduce" });
        const buyer = new Thread(await lin.chatAbout(1001));
        await buyer.say("See https://shop.example/p/1001");
        const desk = await person({ ...desktop, ...look, reducedMotion: "reduce" });
        const seller = await answerTo(await desk.console("E_1/yun"), "Lin Xia");
        await seller.say("Yes, in blue too");
        await expect(buyer.message("Yes, in blue too")).toBeVisible();
        for (const page of [buyer.page, seller.page]) {
          await expectAccessible(page);
          expect(await page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue("--accent-fill"))).toBe(
            accent,
          );
        }
        const icon = await seller.page.locator('link[rel="icon"]').getAttribute("href");
        expect(decodeURIComponent(icon ?? "")).toContain(`fill="${accent}"`);
        await buyer.page.goto(`${lin.url}/chat`);
        await expect(buyer.page).toHaveTitle("Lantern <b>Lane</b>");
        await expect(buyer.page.getByText("Lantern <b>Lane</b>")).toBeVisible();
        await expectAccessible(buyer.page);
      });
    }
  });
}

test("without a brand no page asks for one", async ({ person }) => {
  const lin = await person(phone);
  const asked: string[] = [];
  lin.context.on("request", (request) => asked.push(new URL(request.url()).pathname));
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("Hello");
  await expect(buyer.message("Hello")).toBeVisible();
  expect(asked.filter((path) => path.includes("brand"))).toEqual([]);
});

test.describe("on the shop's own page", () => {
  test.use({ flags: ["--brand-accent", "#ffe600"] });

  test("the widget's button wears the accent", async ({ server, person }) => {
    const shop = await HostShop.open();
    try {
      shop.uses(server);
      const page = await (await person()).context.newPage();
      await page.goto(shop.url);
      const button = page.getByRole("button", { name: /^Chat with the seller/ });
      await expect(button).toHaveCSS("background-color", "rgb(255, 230, 0)");
      await expect(button).toHaveCSS("color", "rgb(23, 26, 35)");
      await expectAccessible(page);
    } finally {
      await shop.close();
    }
  });
});
