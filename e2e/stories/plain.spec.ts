import { type BuyerKey, desktop, expect, expectAccessible, inChinese, inDark, type Page, type Person, phone, test } from "../harness.ts";
import { answerTo, picture, Thread } from "../talk.ts";

const noScript = { ...phone, javaScriptEnabled: false };

test.use({ flags: ["--guests"] });

/** Goes from a product's page to the chat without a script. */
async function plainAbout(person: Person, product: number, as: BuyerKey = "a"): Promise<Page> {
  const page = await person.chatAbout(product, as);
  await page.getByRole("link", { name: "Chat without JavaScript" }).click();
  await page.waitForURL(`**/chat/plain?product=${product}`);
  return page;
}

const say = async (page: Page, text: string): Promise<void> => {
  await page.getByRole("textbox", { name: "Message" }).fill(text);
  await page.getByRole("button", { name: "Send" }).click();
};

test("a buyer without JavaScript asks, the seller answers, and nothing is there twice", async ({ person }) => {
  const page = await plainAbout(await person(noScript), 1001);
  await expect(page.getByText("Nothing has been said yet.")).toBeVisible();
  await say(page, "Still there? 还有货吗\n<b>second line</b>");
  await expect(page.getByRole("status")).toHaveText("Your message was sent.");
  const own = page.locator(".log .own");
  await expect(own).toHaveCount(1);
  await expect(own.locator(".text")).toHaveText("Still there? 还有货吗\n<b>second line</b>", { useInnerText: true });
  await page.reload();
  await expect(own).toHaveCount(1);

  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await expect(seller.log).toContainText("<b>second line</b>");
  await expect(async () => { // the page shows what was so when it was asked for
    await page.reload();
    await expect(own.locator(".meta")).toContainText("read", { timeout: 500 });
  }).toPass({ timeout: 15_000 });
  await seller.say("Yes, two left");
  await seller.expectStanding("Yes, two left", "sent");
  await page.getByRole("link", { name: "Check for new messages" }).click();
  await expect(page.getByText("New messages", { exact: true })).toBeVisible();
  await expect(page.locator(".log .theirs .text")).toHaveText("Yes, two left");
  await expect(own.locator(".meta")).toContainText("read");
  await seller.expectStanding("Yes, two left", "read");

  // Whoever clicks twice has sent once.
  const hidden = async (name: string) => await page.locator(`form [name="${name}"]`).inputValue();
  const multipart = {
    token: await hidden("token"),
    nonce: await hidden("nonce"),
    c: await hidden("c"),
    text: "Good, I take one",
  };
  for (let i = 0; i < 2; i++) {
    const answer = await page.context().request.post(`${new URL(page.url()).origin}/chat/plain`, { multipart });
    expect(answer.status()).toBe(200);
    expect(answer.url()).toContain("sent=3");
  }
  await page.reload();
  await expect(page.getByText("Good, I take one")).toHaveCount(1);
  await expect(page.locator(".log li")).toHaveCount(3);
});

test("a picture goes along, too much text comes back with its reason", async ({ person }) => {
  const page = await plainAbout(await person(noScript), 1001);
  await page.getByLabel("Picture", { exact: true }).setInputFiles(picture("a.png", 64, 48));
  await say(page, "Like this one?");
  const shown = page.getByRole("img", { name: "Picture" });
  await expect(shown).toHaveAttribute("width", "64");
  expect((await page.request.get(new URL((await shown.getAttribute("src")) ?? "", page.url()).href)).status()).toBe(200);

  await say(page, "x".repeat(4001));
  await expect(page.getByRole("alert")).toHaveText("The text is too long: at most 4000 characters.");
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("x".repeat(4001));
  await expect(page).toHaveTitle(/^Error: /);
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveAttribute("aria-describedby", "text-error");
  await say(page, "shorter");
  await expect(page.getByRole("status")).toBeVisible();

  await page.getByLabel("Picture", { exact: true }).setInputFiles({ ...picture("a.png"), buffer: Buffer.from("<svg/>") });
  await say(page, "and this?");
  await expect(page.getByRole("alert")).toContainText("This kind of file cannot be sent.");
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveValue("and this?");
});

test("older messages are pages of their own, the newest at the end", async ({ person }) => {
  const lin = await person();
  const thread = new Thread(await lin.chatAbout(1001));
  for (let i = 1; i <= 55; i++) await thread.say(`message ${i}`);
  await thread.expectStanding("message 55", "sent");
  const page = await lin.open("/chat/plain?product=1001");
  await expect(page.locator(".text")).toHaveCount(50);
  await expect(page.locator(".text").last()).toHaveText("message 55");
  await page.getByRole("link", { name: "Older messages" }).click();
  await expect(page.locator(".text")).toHaveText(["message 1", "message 2", "message 3", "message 4", "message 5"]);
  await expect(page.getByRole("link", { name: "Older messages" })).toHaveCount(0);
  await expect(page.getByRole("textbox", { name: "Message" })).toHaveCount(0);
  await page.getByRole("link", { name: "Newest messages" }).first().click();
  await expect(page.locator(".text").last()).toHaveText("message 55");
});

test("a guest comes in by a button, and who is signed out is told so", async ({ person }) => {
  const page = await (await person({ ...noScript, ...inChinese })).open("/chat/plain?product=1001");
  await expect(page.getByRole("heading", { name: "您已退出登录" })).toBeVisible();
  await page.getByRole("button", { name: "以访客身份留言" }).click();
  await page.getByLabel("消息内容").fill("您好");
  await page.getByRole("button", { name: "发送" }).click();
  await expect(page.locator(".log .own .text")).toHaveText("您好");
  await expect(page.getByText("您正以访客身份留言")).toBeVisible();
  await page.goto(`${page.url().split("?")[0]}?lang=en`);
  await expect(page.getByRole("heading", { name: "Your chats" })).toBeVisible();
  await expect(page.locator(".list li")).toHaveCount(1);
});

test("another buyer's chat is not there, and another site's form is refused", async ({ person }) => {
  const lin = await person(noScript);
  const page = await plainAbout(lin, 1001);
  await say(page, "between us");
  const address = new URL(page.url());
  const other = await plainAbout(await person(noScript), 1001, "b");
  const stolen = await other.goto(address.href);
  expect(stolen?.status()).toBe(404);
  await expect(other.locator("body")).not.toContainText("between us");

  for (const headers of [{ Origin: "https://evil.example" }, { Origin: "null" }, {}]) {
    const answer = await lin.context.request.post(`${lin.url}/chat/plain`, {
      headers: { ...headers, "Sec-Fetch-Site": "cross-site" },
      multipart: { c: address.searchParams.get("c") ?? "", text: "forged", nonce: "n", token: "t" },
    });
    expect(answer.status()).toBe(403);
  }
  const guessed = await lin.context.request.post(`${lin.url}/chat/plain`, {
    headers: { Origin: lin.url },
    multipart: { token: "zzzzzz.AAAA", nonce: "n", c: address.searchParams.get("c") ?? "", text: "forged" },
  });
  expect(guessed.status()).toBe(400);
  await page.reload();
  await expect(page.locator(".text")).toHaveText(["between us"]);
});

// axe is a script: it looks at the same pages where scripts may run.
for (const [name, look] of Object.entries({ light: phone, dark: { ...phone, ...inDark }, "forced colours": { ...desktop, forcedColors: "active" as const } })) {
  test(`the pages without JavaScript can be used by everybody: ${name}`, async ({ person }) => {
    const lin = await person({ ...look, bypassCSP: true });
    const signedOut = await lin.open("/chat/plain?product=1001");
    await expectAccessible(signedOut);
    await (await lin.chatAbout(1001)).close();
    const page = await lin.open("/chat/plain?product=1001");
    await expectAccessible(page);
    await page.getByLabel("Picture", { exact: true }).setInputFiles(picture("a.png", 64, 48));
    await say(page, "Like this one?");
    const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
    await seller.say("Yes");
    await seller.expectStanding("Yes", "sent");
    await page.getByRole("link", { name: "Check for new messages" }).click();
    await expectAccessible(page);
    await say(page, "");
    await expect(page.getByRole("alert")).toBeVisible();
    await expectAccessible(page);
    await page.goto(`${lin.url}/chat/plain`);
    await expectAccessible(page);
    // At 200 % nothing has to be scrolled sideways.
    await page.setViewportSize({ width: 195, height: 420 });
    await page.goto(`${lin.url}/chat/plain?product=1001`);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(195);
  });
}
