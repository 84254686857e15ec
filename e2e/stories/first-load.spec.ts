import { get } from "node:http";
import { type ContextOptions, desktop, expect, phone, test } from "../harness.ts";
import { answerTo, row, Thread } from "../talk.ts";

/** What web/scripts/size.js holds the build to. */
const budgetKib = 40;

/** Notes in a page when a message and the field to write the next one are first there together. */
function noteShown(): void {
  const look = (): void => {
    if (document.querySelector("[data-key]") === null || document.querySelector("textarea") === null) return;
    Object.assign(window, { shownAt: performance.now() });
    watcher.disconnect();
  };
  const watcher = new MutationObserver(look);
  watcher.observe(document, { childList: true, subtree: true });
}

/** The files that a page had asked for by then; the API's answers and the shop's own pictures are none. */
function askedUntilShown(): string[] {
  const at = (window as unknown as { shownAt: number }).shownAt;
  return performance
    .getEntriesByType("resource")
    .filter(({ name, startTime }) => startTime <= at && !/^\/(v1|art)\//.test(new URL(name).pathname))
    .map(({ name }) => name);
}

/** How many bytes a file is on its way. */
function onItsWay(url: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url, { headers: { "Accept-Encoding": "gzip" } }, (answer) => {
      let bytes = 0;
      answer.on("data", (chunk: Buffer) => {
        bytes += chunk.length;
      });
      answer.on("end", () => resolve(bytes));
    }).on("error", reject);
  });
}

const looks: { [name: string]: ContextOptions } = {
  "a phone": phone,
  "a wide screen": desktop,
  "a phone, in Chinese": { ...phone, locale: "zh-CN" },
};
for (const [name, look] of Object.entries(looks)) {
  test(`on ${name} a conversation is shown with what was budgeted for, and nothing else`, async ({ person }) => {
    const before = new Thread(await (await person(phone)).chatAbout(1001));
    await before.say("Hello");
    await before.expectStanding("Hello", "sent");

    const lin = await person(look);
    await lin.context.addInitScript(noteShown);
    const again = new Thread(await lin.chatAbout(1001));
    await expect(again.message("Hello")).toBeVisible();
    const files = await again.page.evaluate(askedUntilShown);
    const names = files.map((file) => new URL(file).pathname.replace(/-[\w-]{8}\./, "."));
    const words = look.locale === "zh-CN" ? "/assets/first-zh-cn.js" : "/assets/first-en.js";
    expect(names.filter((file) => file !== "/favicon.svg").sort()).toEqual([words, "/assets/first.css", "/assets/first.js"].sort());
    const sizes = await Promise.all([again.page.url(), ...files].map(onItsWay));
    expect(sizes.reduce((sum, size) => sum + size, 0) / 1024, "KiB").toBeLessThanOrEqual(budgetKib);
  });
}

test("beside a conversation on a wide screen comes the list, in the place that was kept for it", async ({ person }) => {
  const page = await (await person()).chatAbout(1001);
  const buyer = new Thread(page);
  await expect(buyer.field).toBeVisible();
  const before = await page.getByRole("main").boundingBox();
  await buyer.say("Hello");
  await expect(row(page, "Kiln & Cloud")).toBeVisible();
  expect(await page.getByRole("main").boundingBox()).toEqual(before);
});

test("a menu that cannot be loaded says so, and the page offers to load itself anew", async ({ person }) => {
  const lin = await person(phone);
  await lin.context.route("**/assets/later-*.js", (route) => route.fulfill({ status: 404 }));
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("Hello");
  await buyer.expectStanding("Hello", "sent");
  await buyer.page.getByRole("button", { name: "Menu" }).click();
  await expect(buyer.page.getByText("This could not be loaded.")).toBeVisible();

  await lin.context.unroute("**/assets/later-*.js");
  await buyer.page.getByRole("button", { name: "Reload" }).click();
  await expect(buyer.message("Hello")).toBeVisible();
  await buyer.page.getByRole("button", { name: "Menu" }).click();
  await expect(buyer.page.getByRole("menuitem", { name: "Sign out" })).toBeVisible();
});

test("what sends cannot be loaded: the message waits in sight, and goes out once it can", async ({ person }) => {
  const lin = await person(phone);
  await lin.context.route("**/assets/sending-*.js", (route) => route.abort());
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("Hello");
  await buyer.expectStanding("Hello", "waiting to be sent");
  await expect(buyer.page.getByText("This could not be loaded.")).toBeVisible();
  await lin.context.unroute("**/assets/sending-*.js");
  await buyer.expectStanding("Hello", "sent");
});

test("a product and a link in a thread are there as soon as its messages are", async ({ person }) => {
  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  await buyer.say("See https://shop.example/p/1001");
  await buyer.page.getByRole("button", { name: "Send link" }).click();
  await expect(buyer.messages).toHaveCount(2);
  const seller = await answerTo(await (await person()).console("E_1/yun"), "Lin Xia");
  await expect(seller.log.getByRole("link", { name: "https://shop.example/p/1001" })).toBeVisible();

  const again = new Thread(await (await person(phone)).chatAbout(1001));
  await expect(again.messages).toHaveCount(2);
  await expect(again.log.getByRole("link", { name: "https://shop.example/p/1001" })).toBeVisible();
  const card = again.log.locator(".product-card");
  await expect(card).toBeVisible();
  const picture = card.locator(".product-picture");
  const drawn = await picture.boundingBox();
  expect(drawn?.width).toBeGreaterThan(200); // from edge to edge
  await again.page.getByRole("button", { name: "Menu" }).click();
  await expect(again.page.getByRole("menu")).toBeVisible();
  await again.page.keyboard.press("Escape");
  expect((await picture.boundingBox())?.width).toBe(drawn?.width);
  const sheets = await again.page.evaluate(() => [...document.styleSheets].map((sheet) => sheet.href));
  expect(sheets, "no styles come twice: the second time they would win").toEqual([...new Set(sheets)]);
});

test("what a thread holds beside text cannot be drawn: it says so in its place", async ({ person }) => {
  const buyer = new Thread(await (await person(phone)).chatAbout(1001));
  await buyer.say("Hello");
  await buyer.page.getByRole("button", { name: "Send link" }).click();
  await expect(buyer.messages).toHaveCount(2);

  const lin = await person(phone);
  await lin.context.route("**/assets/mixed-body-*.js", (route) => route.fulfill({ status: 404 }));
  const again = new Thread(await lin.chatAbout(1001));
  await expect(again.message("Hello")).toBeVisible();
  await expect(again.message("This could not be loaded.")).toBeVisible();
  await expect(again.page.getByRole("button", { name: "Reload" })).toBeVisible();
});

for (const [missing, files] of Object.entries({
  words: "**/assets/first-en-*.js",
  "script at all": "**/assets/first-*.js",
})) {
  test(`a page that gets no ${missing} offers to load itself anew`, async ({ server, person }) => {
    const lin = await person(phone);
    await lin.chatAbout(1001);
    const page = await lin.context.newPage();
    await page.addInitScript(() => addEventListener("unhandledrejection", (event) => event.preventDefault()));
    await page.route(files, (route) => route.abort());
    await page.goto(`${server.url}/chat?product=1001`);
    await expect(page.getByRole("link", { name: "Load again" })).toBeVisible();

    await page.unroute(files);
    await page.getByRole("link", { name: "Load again" }).click();
    await expect(new Thread(page).field).toBeVisible();
    await expect(page.getByRole("link", { name: "Load again", includeHidden: true })).toHaveCount(0);
  });
}
