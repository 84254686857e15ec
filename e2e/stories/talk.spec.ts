import { desktop, expect, inForcedColors, phone, test } from "../harness.ts";
import type { Locator } from "@playwright/test";
import { answerTo, paste, pick, picture, Record, row, Thread } from "../talk.ts";

test("a question and its answer: each side sees sent, delivered, read", async ({ person }) => {
  const lin = await person(phone);
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("Does the glaze bear a dishwasher?");
  await buyer.expectStanding("Does the glaze bear a dishwasher?", "sent");

  const console = await (await person(desktop)).console("E_1/yun");
  await buyer.expectStanding("Does the glaze bear a dishwasher?", "delivered");

  const seller = await answerTo(console, "Lin Xia");
  await buyer.expectStanding("Does the glaze bear a dishwasher?", "read");

  // The buyer is in the list of chats: there, but not reading.
  await buyer.page.getByRole("button", { name: "To my chats" }).click();
  await expect(row(buyer.page, "Kiln & Cloud")).toBeVisible();
  await seller.say("It does, every day if you like.");
  await seller.expectStanding("It does, every day if you like.", "delivered");
  await expect(row(buyer.page, "Kiln & Cloud")).toContainText("1 unread message");
  await row(buyer.page, "Kiln & Cloud").click();
  await expect(buyer.message("It does, every day if you like.")).toBeVisible();
  await seller.expectStanding("It does, every day if you like.", "read");

  await lin.context.close();
  await seller.say("Anything else?");
  await seller.expectStanding("Anything else?", "sent");
});

test("each side sees that the other is there, and writing", async ({ person }) => {
  const lin = await person(phone);
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("Hello");
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  const head = seller.page.locator(".c-thread-header");
  await expect(head).toContainText("Online");
  await expect(buyer.page.locator("main .chat-head")).toContainText("Online");

  await buyer.field.pressSequentially("I wonder");
  await expect(head).toContainText("typing…");
  await seller.field.pressSequentially("Yes");
  await expect(buyer.page.locator("main .chat-head")).toContainText("typing…");
  await seller.send.click();
  await expect(buyer.page.locator("main .chat-head")).not.toContainText("typing…");

  await lin.context.close();
  await expect(head).toContainText("Offline", { timeout: 30_000 });
});

test("a buyer sends several pictures at once, with a word about them", async ({ person }) => {
  const lin = await person(phone);
  const buyer = new Thread(await lin.chatAbout(1001));
  await pick(buyer.page, picture("one.png"), picture("two.png", 240, 320), picture("three.png", 200, 200));
  const tray = buyer.page.getByRole("list", { name: "Pictures to send" });
  await expect(tray.getByRole("listitem")).toHaveCount(3);
  await tray.getByRole("button", { name: "Remove picture 3" }).click();
  await expect(tray.getByRole("listitem")).toHaveCount(2);
  await buyer.say("This one or that one?");
  await buyer.expectStanding("This one or that one?", "sent");

  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  const message = seller.message("This one or that one?");
  const both = message.getByRole("button", { name: /^Open picture: Picture [12] of 2/ });
  await expect(both).toHaveCount(2);
  // Side by side, squares, with the words below.
  const [one, two, words] = await Promise.all([both.first(), both.last(), message.locator(".rich-text")].map((it) => it.boundingBox()));
  expect([two?.y, one?.height, two?.width, two?.height]).toEqual([one?.y, one?.width, one?.width, one?.width]);
  expect(two?.x).toBeGreaterThan(one?.x ?? 0);
  expect(words?.y).toBeGreaterThanOrEqual((one?.y ?? 0) + (one?.height ?? 0));
  for (const image of await message.getByRole("img").all()) await expectLoaded(image);

  await message.getByRole("button", { name: /^Open picture: Picture 1 of 2/ }).click();
  await expect(seller.page.locator(".pswp--ui-visible")).toBeVisible();
  await expect(seller.page.locator(".pswp__img").first()).toBeVisible();
  await seller.page.keyboard.press("Escape");
  await expect(seller.page.locator(".pswp--open")).toHaveCount(0);

  const [stored] = await (await Record.of(lin, "buyer")).messages();
  expect(stored?.blocks.map((b) => b.type)).toEqual(["image", "image", "text"]);
});

test("in forced colours the viewer's signs stand out from its ground", async ({ person }) => {
  const buyer = new Thread(await (await person({ ...desktop, ...inForcedColors })).chatAbout(1001));
  await pick(buyer.page, picture("one.png"), picture("two.png"));
  await buyer.say("Both of them");
  await buyer.message("Both of them").getByRole("button", { name: /^Open picture: Picture 1 of 2/ }).click();
  const next = buyer.page.locator(".pswp--ui-visible .pswp__button--arrow--next");
  await expect(next).toBeVisible();
  const [sign, text] = await next.evaluate((it) => [
    getComputedStyle(it.querySelector("svg") ?? it).fill,
    getComputedStyle(it.ownerDocument.body).color,
  ]);
  expect(sign).toBe(text);
  await expect(next).toHaveCSS("opacity", "1"); // once it has faded in
});

test("a seller mixes text and pasted pictures; they arrive in their order", async ({ person }) => {
  const lin = await person(phone);
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("How is it packed?");
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await seller.field.click();
  await seller.page.keyboard.type("First the paper:");
  await paste(seller.field, picture("paper.png"));
  await expect(seller.field.getByRole("img")).toHaveCount(1);
  await seller.page.keyboard.type("then the box:");
  await paste(seller.field, picture("box.png", 300, 300, [40, 90, 160]));
  await expect(seller.field.getByRole("img")).toHaveCount(2);
  await seller.page.keyboard.type("and a ribbon.");
  await seller.page.keyboard.press("Enter");

  const message = buyer.message("First the paper:");
  await expect(message.getByRole("button", { name: /^Open picture/ })).toHaveCount(2);
  for (const image of await message.getByRole("img").all()) await expectLoaded(image);
  expect(await message.locator(".rich-text").allTextContents()).toEqual([
    "First the paper:",
    "then the box:",
    "and a ribbon.",
  ]);
  const [, stored] = await (await Record.of(lin, "buyer")).messages();
  expect(stored?.blocks.map((b) => b.type)).toEqual(["text", "image", "text", "image", "text"]);
});

test("a link to the product goes both ways", async ({ person }) => {
  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  await buyer.page.getByRole("button", { name: "Send link" }).click();
  await expect(buyer.log.getByText("Celadon mug")).toHaveCount(1);

  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await expect(seller.log.getByText("Celadon mug")).toHaveCount(1);
  await seller.page.getByRole("button", { name: "Send card" }).click();
  await expect(seller.log.getByText("Celadon mug")).toHaveCount(2);
  await expect(buyer.log.getByText("Celadon mug")).toHaveCount(2);
  await expect(buyer.log.getByRole("link", { name: /Celadon mug/ }).first()).toHaveAttribute("href", /\/p\/1001$/);
});

async function expectLoaded(image: Locator): Promise<void> {
  await expect(image).toHaveJSProperty("complete", true);
  expect(await image.evaluate((img: HTMLImageElement) => img.naturalWidth)).toBeGreaterThan(0);
}
