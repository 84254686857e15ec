import { expect, type Page, phone, test as base } from "../harness.ts";
import { PHPShop } from "../php-shop/shop.ts";
import { freePort } from "../server.ts";
import { answerTo, picture, Thread } from "../talk.ts";

/** A shop whose old pages are served by Haggle, on an origin of its own. */
const test = base.extend<{ port: number; shop: string; old: (path: string, uid: string) => Promise<Page> }>({
  // biome-ignore lint/correctness/noEmptyPattern: the runner wants a pattern
  port: async ({}, use) => use(await freePort()),
  flags: async ({ port }, use) => use(["--compat", "--wechat-standin", "--origins", `http://127.0.0.1:${port}`]),
  shop: async ({ server, port }, use) => {
    const shop = await PHPShop.open(server, port);
    await use(`http://127.0.0.1:${port}`);
    await shop.close();
  },
  /** Opens one of the old pages as somebody, in a browser of their own. */
  old: async ({ person, shop }, use) => {
    await use(async (path, uid) => {
      const { context } = await person(phone);
      const page = await context.newPage();
      await page.goto(`${shop}/sign-in?uid=${uid}&to=${encodeURIComponent(path)}`);
      return page;
    });
  },
});

const product = "/old/chat?pid=1003&toMid=V_1";
const service = "/old/service?merchant=V_1&buyer=U_1";

/** The old page is bound once its handshake has been answered. */
async function ready(page: Page): Promise<Page> {
  await expect(page.locator("#client_id")).toHaveValue(/^[0-9a-f]{20}$/);
  return page;
}

async function say(page: Page, text: string): Promise<void> {
  await page.locator("textarea.send_content").fill(text);
  await page.getByRole("button", { name: "发送", exact: true }).click();
  await expect(page.locator(".chat-sender").last()).toHaveText(text);
}

const nasty = [`he said "hi"`, "C:\\new", "two\nlines", "007", "1e999", "</script><b>&amp;", "😀 发货"];

test("an old page and the new console talk to each other", async ({ old, person }, info) => {
  const buyer = await ready(await old(product, "U_1"));
  for (const text of nasty) await say(buyer, text);
  const seller = await answerTo(await (await person()).console("V_1/mei"), "Lin Xia");
  await expect(seller.messages).toHaveCount(nasty.length);
  expect(await seller.texts()).toEqual(nasty);

  await seller.say(`"yes" <i>\nof course`);
  await expect(buyer.locator(".chat-receiver")).toHaveText(`"yes" <i>\nof course`);
  await seller.expectStanding(`"yes" <i>\nof course`, "delivered"); // as the old page has answered a ping

  await buyer.getByRole("button", { name: "发送链接" }).click();
  await expect(buyer.locator(".chat-sender .chat-product")).toContainText("Star Ferry");
  await expect(seller.log.locator(".product-card")).toContainText("Star Ferry");
  await buyer.screenshot({ path: info.outputPath("old-buyer.png") });

  // Its history is there after a reload, and nothing of it comes a second time.
  await buyer.reload();
  await ready(buyer);
  await expect(buyer.locator(".chat-sender")).toHaveCount(nasty.length + 1);
  for (const [i, text] of nasty.entries()) await expect(buyer.locator(".chat-sender").nth(i)).toHaveText(text);
  await seller.say("still there?");
  await expect(buyer.locator(".chat-receiver")).toHaveText([`"yes" <i>\nof course`, "still there?"]);
});

test("an old page of the merchant's and the new buyer's page talk to each other", async ({ old, person }, info) => {
  const buyer = new Thread(await (await person(phone)).chatAbout(1003));
  await buyer.say("Is the code instant?");
  const seller = await ready(await old(service, "V_1"));
  await expect(seller.locator(".chat-receiver")).toHaveText(["Is the code instant?"]);
  await buyer.say("and for ever?");
  await expect(seller.locator(".chat-receiver")).toHaveText(["Is the code instant?", "and for ever?"]);
  const editor = seller.locator(".send_content");
  await editor.pressSequentially("a < b & yes");
  await editor.evaluate((field) => {
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = 60;
    canvas.getContext("2d")?.fillRect(10, 10, 30, 30);
    const picture = document.createElement("img");
    picture.src = canvas.toDataURL("image/png");
    field.append(picture, "like this");
  });
  await seller.getByRole("button", { name: "发送" }).click();
  const message = buyer.log.getByRole("article").last();
  await expect(message.locator(".rich-text")).toHaveText(["a < b & yes", "like this"]);
  await expect(message.locator("img").first()).toBeVisible();
  await expect(editor).toHaveText("");
  await seller.screenshot({ path: info.outputPath("old-seller.png") });
});

test("what was said while the old page was away is there on return, once", async ({ old, person }) => {
  const buyer = await ready(await old(product, "U_1"));
  await say(buyer, "Anyone?");
  const seller = await answerTo(await (await person()).console("V_1/mei"), "Lin Xia");
  await seller.say("one");
  await expect(buyer.locator(".chat-receiver")).toHaveText(["one"]);
  await seller.expectStanding("one", "delivered");
  const url = buyer.url();
  await buyer.goto("about:blank");
  await seller.say("two");
  await seller.say("three");
  await buyer.goto(url);
  await ready(buyer);
  await expect(buyer.locator(".chat-receiver")).toHaveText(["one", "two", "three"]);
  await seller.say("four");
  await expect(buyer.locator(".chat-receiver")).toHaveText(["one", "two", "three", "four"]);
  await seller.expectStanding("four", "delivered");
});

test("a script is a text, in old pages too", async ({ old, person }) => {
  const buyer = await ready(await old(product, "U_1"));
  const seller = await ready(await old(service, "V_1"));
  const payloads = [
    `<img src=x onerror="document.title='owned'">`,
    `<script>document.title='owned'</script>`,
    `"><svg onload="document.title='owned'">`,
  ];
  for (const payload of payloads) await say(buyer, payload);
  await expect(seller.locator(".chat-receiver")).toHaveText(payloads);
  const console = await answerTo(await (await person()).console("V_1/mei"), "Lin Xia");
  for (const payload of payloads) await console.say(payload);
  await expect(buyer.locator(".chat-receiver")).toHaveText(payloads);
  await buyer.reload();
  await expect(buyer.locator(".chat-receiver")).toHaveText(payloads);
  for (const page of [buyer, seller]) {
    await expect(page.locator("#main :is(script, svg, img[src='x'])")).toHaveCount(0);
    await expect(page).not.toHaveTitle("owned");
  }
});

test("the old page uploads to WeChat, and the pictures are one message", async ({ old, person }) => {
  const buyer = await ready(await old(product, "U_1"));
  await say(buyer, "Two pictures:"); // its upload does not say about which product, but there is a conversation now
  const choosing = buyer.waitForEvent("filechooser");
  await buyer.getByRole("button", { name: "图片" }).click();
  await (await choosing).setFiles([picture("one.png", 120, 90), picture("two.png", 90, 120)]);
  await expect(buyer.locator(".chat-done")).toHaveText("已发送"); // as the page compares the answer with 1
  await expect(buyer.locator(".chat-failed")).toHaveCount(0);
  const seller = await answerTo(await (await person()).console("V_1/mei"), "Lin Xia");
  await expect(seller.messages).toHaveCount(2);
  await expect(seller.log.locator(".picture.loaded")).toHaveCount(2);
  await buyer.reload();
  await expect(buyer.locator(".chat-sender .chat-image")).toHaveCount(2);
  // From the shop's own origin: the pictures are shown, not only there.
  const widths = await buyer
    .locator(".chat-sender .chat-image")
    .evaluateAll((all) => Promise.all(all.map((img) => (img as HTMLImageElement).decode().then(() => (img as HTMLImageElement).naturalWidth))));
  expect(widths).toEqual([120, 90]);
});

test("the old chat's address leads to the new page, signed in", async ({ old, shop, server }, info) => {
  const page = await old("/old/chat", "U_1");
  await page.goto(`${shop}/push/push/chat?pid=1003`);
  await page.waitForURL(`${server.url}/chat?product=1003`);
  const buyer = new Thread(page);
  await buyer.say("from the new page");
  await buyer.expectStanding("from the new page", "sent");
  await page.screenshot({ path: info.outputPath("new-buyer.png") });
});
