import { ask, takesBuyers } from "../buyers.ts";
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

/** As wide as half of a desk's screen, or all of it at 200 %: one pane at a time, and a keyboard. */
const narrow = { viewport: { width: 640, height: 700 } };

test("details that cover the thread take the focus, keep it from what they cover, and give it back", async ({ person }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("Hello");
  const page = await (await person(narrow)).console("E_1/yun");
  await answerTo(page, "Lin");
  const show = page.getByRole("button", { name: "Show details" });
  await show.focus();
  await page.keyboard.press("Enter");
  const close = page.locator(".c-context-close");
  await expect(close).toBeFocused();
  await page.keyboard.press("Shift+Tab");
  expect(await page.evaluate(() => document.activeElement?.closest("#pane-thread"))).toBeNull();
  await close.focus();
  await page.keyboard.press("Enter");
  await expect(show).toBeFocused();
});

test("steps back that follow each other at once lead no further than to the list", async ({ person }) => {
  for (const [key, text] of [["a", "First"], ["b", "Second"]] as const) {
    const buyer = new Thread(await (await person()).chatAbout(1001, key));
    await buyer.say(text);
    await buyer.expectStanding(text, "sent");
  }
  const page = await (await person(narrow)).console("E_1/yun");
  const show = page.getByRole("button", { name: "Show details" });
  const details = page.locator("#pane-context");
  await answerTo(page, "Lin");
  await show.click();
  await expect(details).toBeVisible();
  await page.evaluate(() => {
    for (let i = 0; i < 2; i++) document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
  });
  await expect(page.locator(".c-row")).toHaveCount(2);
  expect(new URL(page.url()).searchParams.has("c")).toBe(false);

  await answerTo(page, "Lin");
  await show.click();
  await expect(details).toBeVisible();
  await page.keyboard.press("Alt+ArrowUp");
  await expect(page.getByRole("heading", { level: 2, name: "Sam Park" })).toBeVisible();
  await expect(details).toHaveCount(0);
  await page.goBack();
  await expect(page.locator(".c-row")).toHaveCount(2);
});

test("details that were over the thread stand beside it in a wider window, and Esc leaves them alone", async ({ person }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("Hello");
  const page = await (await person({ viewport: { width: 800, height: 700 } })).console("E_1/yun");
  const seller = await answerTo(page, "Lin");
  await page.getByRole("button", { name: "Show details" }).click();
  await expect(page.locator("#pane-context")).toBeVisible();
  await page.setViewportSize({ width: 1400, height: 700 });
  await expect(page.locator("main")).toHaveAttribute("data-arrangement", "beside");
  await seller.field.focus();
  await page.keyboard.press("Escape");
  await expect(row(page, "Lin")).toBeFocused();
  await expect(page.locator("#pane-context")).toBeVisible();
});

test("in a stack, the search from a thread has the caret in its field", async ({ person }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("Hello");
  const page = await (await person(narrow)).console("E_1/yun");
  await answerTo(page, "Lin");
  await page.keyboard.press("Control+k");
  await expect(page.getByRole("searchbox")).toBeFocused();
  await page.keyboard.type("Lin?");
  await expect(page.getByRole("searchbox")).toHaveValue("Lin?");
});

test.describe("among more buyers", () => {
  test.use({ flags: takesBuyers });

  test("a row keeps the focus where it goes: pinned to the top, or lifted by a message", async ({ person, server }) => {
    for (const uid of ["U_ada", "U_bo", "U_cy", "U_di"]) await ask(server.url, uid, `${uid} asks`);
    const page = await (await person()).console("E_1/yun");
    await expect(page.locator(".c-row")).toHaveCount(4);
    const ada = row(page, "U_ada");
    await page.locator(".c-row").first().focus();
    await page.keyboard.press("End");
    await expect(ada).toBeFocused();
    await page.keyboard.press("Shift+F10");
    await page.getByRole("menuitem", { name: "Pin" }).press("Enter");
    await expect(page.locator(".c-row").first()).toContainText("U_ada");
    await expect(ada).toBeFocused();

    await page.keyboard.press("End");
    const bo = row(page, "U_bo");
    await expect(bo).toBeFocused();
    await ask(server.url, "U_bo", "Once more");
    await expect(page.locator(".c-row").nth(1)).toContainText("Once more");
    await expect(bo).toBeFocused();
  });
});

test("quick phrases are put in order, thrown away and written by keyboard alone", async ({ person }) => {
  const page = await (await person()).console("E_1/yun");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("tab", { name: "Quick phrases" }).click();
  const mine = page.getByRole("region", { name: "Mine" });
  const add = mine.getByRole("button", { name: "Add a phrase" });
  for (const text of ["one", "two", "three"]) {
    await add.focus();
    await page.keyboard.press("Enter");
    await expect(page.getByRole("textbox", { name: "Text" })).toBeFocused();
    await page.keyboard.type(text);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await expect(mine.getByRole("listitem").filter({ hasText: text })).toBeVisible();
    await expect(add, "where the form was opened").toBeFocused();
  }
  const down = mine.getByRole("button", { name: "Move down: one" });
  await down.focus();
  await page.keyboard.press("Enter");
  await expect(mine.getByRole("listitem")).toHaveText(["two", "one", "three"]);
  await expect(down).toBeFocused();
  await page.keyboard.press("Enter");
  await expect(mine.getByRole("listitem")).toHaveText(["two", "three", "one"]);
  await expect(down).toBeFocused();

  await mine.getByRole("button", { name: "Delete: three" }).press("Enter");
  await expect(mine.getByRole("listitem")).toHaveText(["two", "one"]);
  await expect(mine.getByRole("button", { name: "Delete: one" })).toBeFocused();
  await mine.getByRole("button", { name: "Change: two" }).press("Enter");
  await page.getByRole("button", { name: "Cancel" }).press("Enter");
  await expect(mine.getByRole("button", { name: "Change: two" })).toBeFocused();
});

test("a seller who sends with Ctrl+Enter breaks lines with Enter", async ({ person }) => {
  const buyer = new Thread(await (await person()).chatAbout(1001));
  await buyer.say("Hello");
  const page = await (await person()).console("E_1/yun");
  await page.getByRole("button", { name: "Settings" }).click();
  await page.getByRole("combobox", { name: "Send with" }).selectOption({ label: "Ctrl+Enter" });
  await page.keyboard.press("Escape");
  await answerTo(page, "Lin");
  await new Thread(page).field.focus();
  await page.keyboard.type("Two");
  await page.keyboard.press("Enter");
  await page.keyboard.type("lines");
  await page.keyboard.press("Control+Enter");
  await expect(buyer.message("Two lines")).toBeVisible();
  expect(await buyer.texts()).toContain("Two\nlines");
});
