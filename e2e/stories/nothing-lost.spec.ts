import { expect, type Page, phone, test } from "../harness.ts";
import { answerTo, pick, picture, Record, row, Thread } from "../talk.ts";

test("a seller who was away finds everything: in order, once, byte for byte", async ({ person }) => {
  const hard = [
    "👩‍👩‍👧‍👦 🇨🇳 ok?",
    `"double" 'single' \`back\` \\n is no newline \\`,
    "two\nlines\n\nand a gap",
    "<script>alert('x')</script><b>bold</b>&amp;",
    "007",
    "发货了吗？ مرحبا ‮abc",
  ];
  const shop = await person();
  await (await shop.console("E_1/yun")).close();

  const lin = await person(phone);
  const buyer = new Thread(await lin.chatAbout(1001));
  for (const text of hard) await buyer.say(text);
  await expect(buyer.messages).toHaveCount(hard.length);
  await expect(buyer.messages.last()).toHaveAccessibleName(/, sent$/);

  const console = await shop.open("/console");
  await expect(row(console, "Lin Xia")).toContainText(`${hard.length} unread messages`);
  await expect(console).toHaveTitle(new RegExp(`^\\(${hard.length}\\)`));
  const seller = await answerTo(console, "Lin Xia");
  await expect(seller.messages).toHaveCount(hard.length);
  expect(await seller.texts()).toEqual(hard);
  expect(await (await Record.of(shop, "merchant")).texts()).toEqual(hard);
  await expect(row(console, "Lin Xia")).not.toContainText("unread");
  await expect(console).not.toHaveTitle(/^\(/);
});

test("the server is killed while both sides write: nothing is lost, nothing comes twice", async ({
  person,
  server,
}) => {
  const each = 20;
  const lin = await person();
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("Are you there?");
  const yun = await person();
  const seller = await answerTo(await yun.console("E_1/yun"), "Lin Xia");

  const writes = async (thread: Thread, who: string) => {
    for (let i = 1; i <= each; i++) {
      await thread.field.pressSequentially(`${who} ${i}`);
      await thread.page.keyboard.press("Enter");
    }
  };
  const power = async () => {
    await expect(seller.message("buyer 5")).toBeVisible();
    await server.kill();
    await server.start();
  };
  await Promise.all([writes(buyer, "buyer"), writes(seller, "seller"), power()]);

  const all = 1 + 2 * each;
  for (const { messages, log } of [buyer, seller]) {
    await expect(messages).toHaveCount(all, { timeout: 30_000 });
    await expect(log.locator(".tick-queued, .tick-sending, .tick-failed")).toHaveCount(0);
  }
  const stored = await (await Record.of(lin, "buyer")).texts();
  const said = (who: string) => Array.from({ length: each }, (_, i) => `${who} ${i + 1}`);
  expect(stored.filter((text) => text.startsWith("buyer"))).toEqual(said("buyer"));
  expect(stored.filter((text) => text.startsWith("seller"))).toEqual(said("seller"));
  expect(await (await Record.of(yun, "merchant")).texts()).toEqual(stored);
  expect(await buyer.texts()).toEqual(stored);
  expect(await seller.texts()).toEqual(stored);
});

test("what was written without a network is sent once, though the tab was closed", async ({ person, server }) => {
  const lin = await person(phone);
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("Before the tunnel");
  await buyer.expectStanding("Before the tunnel", "sent");
  await buyer.expectPictureParts();

  await lin.offline(true);
  await server.kill();
  await buyer.say("In the tunnel");
  await pick(buyer.page, picture("dark.png"));
  await buyer.say("Dark here");
  await expect(buyer.message("In the tunnel")).toHaveAccessibleName(/, (waiting to be sent|sending)$/);
  await expect(buyer.page.getByRole("list", { name: "Pictures to send" })).toHaveCount(0);
  await expect(buyer.message("Dark here").getByRole("img")).toBeVisible();
  await expect(buyer.message("Dark here")).toHaveAccessibleName(/, (waiting to be sent|uploading)$/);
  await buyer.page.close();

  await server.start();
  await lin.offline(false);
  const again = new Thread(await lin.open("/chat?product=1001"));
  await again.expectStanding("Dark here", "sent");
  await expect(again.messages).toHaveCount(3);
  await expect(again.message("Dark here").getByRole("img")).toHaveJSProperty("complete", true);

  const stored = await (await Record.of(lin, "buyer")).messages();
  expect(stored.map((m) => m.blocks.map((b) => b.text ?? b.type))).toEqual([
    ["Before the tunnel"],
    ["In the tunnel"],
    ["image", "Dark here"],
  ]);
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await expect.poll(() => seller.texts()).toEqual(["Before the tunnel", "In the tunnel", "Dark here"]);
});

/** Sends what is written and goes to another page in the same moment: nothing has left this one by then. */
async function sendAndLeave({ send }: Thread): Promise<void> {
  await send.evaluate((button: HTMLElement) => {
    WebSocket.prototype.send = () => undefined;
    button.click();
    location.assign("/chat");
  });
}

/** It is stored: in the list it stands as said, not as unsent. */
async function expectSaid(page: Page, text: string): Promise<void> {
  await expect(row(page, text)).toHaveCount(1);
  await expect(row(page, text).locator(".tick")).toHaveCount(0);
}

/** The device has not written a thing by the time that this page goes. */
async function keepNothing(page: Page): Promise<void> {
  await page.evaluate(() => {
    IDBDatabase.prototype.transaction = () => {
      throw new DOMException("the database connection is closing", "InvalidStateError");
    };
  });
}

test("who sends and leaves in the same moment has sent it once", async ({ person }) => {
  const lin = await person(phone);
  const page = await lin.chatAbout(1001);
  const buyer = new Thread(page);
  await buyer.field.fill("On my way out");
  await sendAndLeave(buyer);
  await expectSaid(page, "On my way out");

  await page.goto(new URL("/chat?product=1001", page.url()).href);
  await buyer.expectPictureParts(); // and what sends has come
  await buyer.field.fill("And out again");
  await sendAndLeave(buyer);
  await expectSaid(page, "And out again");

  await page.goto(new URL("/chat?product=1001", page.url()).href);
  await buyer.expectPictureParts();
  await buyer.field.fill("From a slow phone");
  await keepNothing(page);
  await sendAndLeave(buyer);
  await expectSaid(page, "From a slow phone");
  expect(await (await Record.of(lin, "buyer")).texts()).toEqual(["On my way out", "And out again", "From a slow phone"]);
});

test("who sends a picture and leaves in the same moment has sent it once", async ({ person }) => {
  const lin = await person(phone);
  const page = await lin.chatAbout(1001);
  const buyer = new Thread(page);
  const sendOne = async (text: string) => {
    await pick(page, picture("way.png"));
    await expect(page.getByRole("list", { name: "Pictures to send" }).getByRole("img")).toBeVisible();
    await buyer.field.fill(text);
    await sendAndLeave(buyer);
    await expectSaid(page, text);
    await row(page, text).tap();
    await expect(buyer.message(text).getByRole("button", { name: /^Open picture/u })).toBeVisible();
  };
  await buyer.expectPictureParts();
  await sendOne("On my way out");
  await buyer.expectPictureParts();
  await keepNothing(page);
  await sendOne("From a slow phone");
  const stored = await (await Record.of(lin, "buyer")).messages();
  expect(stored.map((m) => m.blocks.map((b) => b.text ?? b.type))).toEqual([
    ["image", "On my way out"],
    ["image", "From a slow phone"],
  ]);
});

test("a reload without a network keeps what is unsent, and sends it once", async ({ person, server }) => {
  const lin = await person();
  const page = await lin.chatAbout(1001);
  const buyer = new Thread(page);
  await buyer.say("First");
  await buyer.expectStanding("First", "sent");
  await server.kill();
  await expect(page.locator(".connection-bar")).toContainText("Offline. Messages until");
  await buyer.say("Second");
  await buyer.say("Third");
  await buyer.expectStanding("Third", "waiting to be sent");
  await page.reload().catch(() => undefined); // the browser says itself that there is no server
  await server.start();
  // The browser's own page for a missing server may still be coming, and would come in between.
  await expect(async () => {
    await page.goto(`${server.url}/chat?product=1001`);
  }).toPass();
  await buyer.expectStanding("Third", "sent");
  expect(await buyer.texts()).toEqual(["First", "Second", "Third"]);
  expect(await (await Record.of(lin, "buyer")).texts()).toEqual(["First", "Second", "Third"]);
});

test("a page that comes without its chat says so, and fills when the chat is there", async ({ person }) => {
  const lin = await person();
  // The page can be had, the chat cannot, as behind a bad proxy.
  await lin.context.route(/\/v1\/(token|ws|begin|conversations)/, (route) => route.abort());
  const page = await lin.chatAbout(1001, "a");
  await expect(page.getByText("There is no connection to the server.").first()).toBeVisible();
  await lin.context.unrouteAll();
  await expect(page.getByRole("heading", { name: "Say hello" })).toBeVisible({ timeout: 30_000 });
  const buyer = new Thread(page);
  await buyer.say("At last");
  await buyer.expectStanding("At last", "sent");
});
