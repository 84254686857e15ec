import { expect, inChinese, inDark, phone, test } from "../harness.ts";
import { answerTo, Thread } from "../talk.ts";

test("a question whether to block begins on the way back", async ({ person }) => {
  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  await buyer.say("Hello");
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  for (const [page, menu, entry] of [
    [buyer.page, "Menu", "Block seller"],
    [seller.page, "More actions", "Block buyer"],
  ] as const) {
    await page.getByRole("button", { name: menu }).click();
    await page.getByRole("menuitem", { name: entry }).click();
    await expect(page.getByRole("dialog").getByRole("button", { name: "Cancel" })).toBeFocused();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  }
  await buyer.say("Still here");
});

test("where the text runs from right to left, what points along it turns round", async ({ person }) => {
  const page = await (await person(phone)).chatAbout(1001);
  const back = page.getByRole("button", { name: "To my chats" });
  await page.evaluate(() => {
    document.documentElement.dir = "rtl";
  });
  const [at, width] = [await back.boundingBox(), phone.viewport?.width ?? 0];
  expect(at && at.x + at.width, "it begins on the right").toBeGreaterThan(width - 20);
  for (const way of [back, page.getByRole("button", { name: "Send", exact: true })])
    expect(await way.locator("svg").evaluate((it) => new DOMMatrix(getComputedStyle(it).transform).a)).toBe(-1);
  expect(await page.getByRole("button", { name: "Emoji" }).locator("svg").evaluate((it) => getComputedStyle(it).transform)).toBe("none");
  expect(await page.evaluate(() => document.documentElement.scrollWidth), "nothing sticks out").toBeLessThanOrEqual(width);
});

test("a product that is gone leads to the list only where the list is not", async ({ person }) => {
  const lin = await person();
  await lin.chatAbout(1001);
  const page = await lin.open("/chat?product=nothing");
  await expect(page.getByRole("heading", { name: "This product is gone" })).toBeVisible();
  const toList = page.getByRole("main").getByRole("button", { name: "To my chats" });
  await expect(toList).toHaveCount(0);
  await page.setViewportSize({ width: 390, height: 844 });
  await expect(toList).toBeVisible();
});

test("beside a conversation every way to act begins where its heading does", async ({ person }) => {
  await new Thread(await (await person(phone)).chatAbout(1001)).say("Hello");
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  const heading = await seller.page.getByRole("heading", { name: "Product talked about" }).boundingBox();
  const left = await seller.page.getByRole("button", { name: "Who else asked" }).evaluate((button) => {
    const text = document.createRange();
    text.selectNodeContents(button);
    return text.getBoundingClientRect().left;
  });
  expect(Math.abs(left - (heading?.x ?? Number.NaN))).toBeLessThan(1);
});

test("the seller's settings are of one size", async ({ person }) => {
  for (const look of [{}, inDark, phone]) {
    const page = await (await person(look)).console("E_1/yun");
    await page.locator(".c-me .icon-button").click();
    const selects = page.locator(".c-settings select");
    await expect(selects).toHaveCount(4);
    const boxes = await Promise.all((await selects.all()).map((select) => select.boundingBox()));
    expect(new Set(boxes.map((box) => `${box?.x} ${box?.width} ${box?.height}`)).size).toBe(1);
  }
});

for (const [name, look] of Object.entries({ English: phone, Chinese: { ...phone, ...inChinese } })) {
  test(`on a phone the bar without a connection is one line: ${name}`, async ({ person, server }) => {
    const page = await (await person(look)).chatAbout(1001);
    await expect(page.locator(".thread-blank")).toBeVisible();
    await server.kill();
    const bar = page.locator('.connection-bar[data-kind="offline"]');
    await expect(bar.locator(".connection-wait")).toBeVisible();
    // The lines of the bar's words, and of the parts beside each other.
    const lines = () =>
      bar.evaluate((it) => {
        const middles = [...it.querySelectorAll("p > *")].map((part) => {
          const { top, height } = part.getBoundingClientRect();
          return Math.round((top + height / 2) / 8);
        });
        const words = it.querySelector("span");
        const range = document.createRange();
        if (words !== null) range.selectNodeContents(words);
        return [new Set(middles).size, range.getClientRects().length];
      });
    expect(await lines()).toEqual([1, 1]);
  });
}
