import { expect, type Page, phone, test } from "../harness.ts";
import { answerTo, row, Thread } from "../talk.ts";

test("a seller works without a mouse: picks a conversation, answers, goes on to the next", async ({ person }) => {
  const lin = new Thread(await (await person(phone)).chatAbout(1001, "a"));
  await lin.say("First");
  await lin.expectStanding("First", "sent");
  const sam = new Thread(await (await person(phone)).chatAbout(1001, "b"));
  await sam.say("Second");

  const page = await (await person()).console("E_1/yun");
  await expect(row(page, "Sam Park")).toBeVisible();
  await tabTo(page, ".c-row");
  await page.keyboard.press("End");
  await expect(row(page, "Lin Xia")).toBeFocused();
  await page.keyboard.press("Enter");
  const seller = new Thread(page);
  await expect(seller.field).toBeFocused();
  await page.keyboard.type("To the first");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("in two lines");
  await page.keyboard.press("Enter");
  await expect(lin.message("To the first in two lines")).toBeVisible();
  expect(await lin.texts()).toContain("To the first\nin two lines");

  await page.keyboard.press("Escape");
  await expect(row(page, "Lin Xia")).toBeFocused();
  await page.keyboard.press("Alt+Shift+ArrowDown");
  await expect(page.getByRole("heading", { level: 2, name: "Sam Park" })).toBeVisible();
  await expect(seller.field).toBeFocused();
  await page.keyboard.type("To the second");
  await page.keyboard.press("Enter");
  await expect(sam.message("To the second")).toBeVisible();

  await page.keyboard.press("Escape");
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.keyboard.type("Lin");
  await expect(row(page, "Sam Park")).toHaveCount(0);
  await page.keyboard.press("ArrowDown");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("heading", { level: 2, name: "Lin Xia" })).toBeVisible();

  await page.getByRole("searchbox").fill(""); // the next is the next of what is listed
  await expect(row(page, "Sam Park")).toBeVisible();
  await sam.say("Third");
  await sam.expectStanding("Third", "delivered");
  await seller.field.focus();
  await page.keyboard.type("Done, and on");
  await page.keyboard.press("Control+Enter");
  await expect(lin.message("Done, and on")).toBeVisible();
  await expect(page.getByRole("heading", { level: 2, name: "Sam Park" })).toBeVisible();
  await expect(seller.field).toBeFocused();
});

test("a buyer works without a mouse: writes, takes back, opens the menu", async ({ person }) => {
  const page = await (await person()).chatAbout(1001);
  const buyer = new Thread(page);
  await expect(buyer.field).toBeFocused();
  await page.keyboard.type("A slip of the key");
  await page.keyboard.press("Enter");
  await buyer.expectStanding("A slip of the key", "sent");

  await tabTo(page, ".thread-scroll", "Shift+Tab");
  await expect(async () => {
    await page.keyboard.press("ArrowUp"); // what moves the focus comes when the page stands
    await expect(buyer.message("A slip of the key")).toBeFocused({ timeout: 1_000 });
  }).toPass();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menu")).toBeVisible();
  await page.keyboard.press("ArrowDown");
  await expect(page.getByRole("menuitem", { name: "Take back" })).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(page.getByRole("article").filter({ hasText: "You took a message back" })).toBeFocused();

  await tabTo(page, ".product-send", "Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(buyer.messages).toHaveCount(2);
  await expect(page.locator(".product-send")).toBeFocused();

  await tabTo(page, "main [aria-haspopup=menu]", "Shift+Tab");
  await page.keyboard.press("Enter");
  await expect(page.getByRole("menuitem").first()).toBeFocused();
  await page.keyboard.press("Escape");
  await expect(page.getByRole("menu")).toHaveCount(0);
  await expect(page.locator("main [aria-haspopup=menu]")).toBeFocused();
});

/** Presses Tab until the focus is there. */
async function tabTo(page: Page, selector: string, key = "Tab"): Promise<void> {
  for (let i = 0; i < 30; i++) {
    if (await page.evaluate((at) => document.activeElement?.matches(at) === true, selector)) return;
    await page.keyboard.press(key);
  }
  throw new Error(`${selector} cannot be reached with ${key}`);
}

test("the edges of the panes move by keyboard, and stand where they were after a reload", async ({ person }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("Hello");
  const console = await (await person()).console("E_1/yun");
  await answerTo(console, "Lin");
  const width = async (pane: string) => (await console.locator(pane).boundingBox())?.width ?? 0;
  for (const [edge, pane, key] of [
    ["Width of the conversation list", "#pane-list", "ArrowRight"],
    ["Width of the details", "#pane-context", "ArrowLeft"],
  ] as const) {
    const before = await width(pane);
    const separator = console.getByRole("separator", { name: edge });
    await separator.focus();
    for (let i = 0; i < 3; i++) await console.keyboard.press(key);
    await expect.poll(() => width(pane), edge).toBe(before + 48);
    await expect(separator).toHaveAttribute("aria-valuenow", String(before + 48));
    await console.reload();
    await expect(console.locator(pane)).toBeVisible();
    expect(await width(pane), edge).toBe(before + 48);
  }
});
