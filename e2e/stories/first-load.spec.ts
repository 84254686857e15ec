import { type ContextOptions, desktop, expect, phone, test } from "../harness.ts";
import { askedUntilShown, budgetKib, kibOf, noteShown } from "../first-load.ts";
import { answerTo, row, Thread } from "../talk.ts";

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
    await lin.context.addInitScript(noteShown, "[data-key]");
    const again = new Thread(await lin.chatAbout(1001));
    await expect(again.message("Hello")).toBeVisible();
    const files = await again.page.evaluate(askedUntilShown);
    const names = files.map((file) => new URL(file).pathname.replace(/-[\w-]{8}\./, "."));
    const words = look.locale === "zh-CN" ? "/assets/first-zh-cn.js" : "/assets/first-en.js";
    const parts = ["first.css", "first.js", "messages.css", "messages.js", "rolldown-runtime.js"].map((file) => `/assets/${file}`);
    expect(names.filter((file) => file !== "/favicon.svg").sort()).toEqual([words, ...parts].sort());
    expect(await kibOf([again.page.url(), ...files])).toBeLessThanOrEqual(budgetKib.messages);
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

test("what sends cannot be loaded: a reload, and another, lose nothing of what was written, and send it once", async ({ person }) => {
  const lin = await person(phone);
  await lin.context.route("**/assets/sending-*.js", (route) => route.abort());
  const buyer = new Thread(await lin.chatAbout(1001));
  const reload = buyer.page.getByRole("button", { name: "Reload" });
  for (const text of ["Hello", "Is it dishwasher-safe?"]) {
    await buyer.say(text);
    await buyer.expectStanding(text, "waiting to be sent");
    const again = buyer.page.waitForEvent("load");
    await reload.click();
    await again;
    await expect(buyer.field).toBeVisible();
  }
  await lin.context.unroute("**/assets/sending-*.js");
  await buyer.page.reload();
  for (const text of ["Hello", "Is it dishwasher-safe?"]) await buyer.expectStanding(text, "sent");
  await buyer.page.reload();
  await buyer.expectStanding("Hello", "sent");
  await expect(buyer.message("Hello")).toHaveCount(1);
  await expect(buyer.message("Is it dishwasher-safe?")).toHaveCount(1);
});

test("what draws messages cannot be loaded: the thread says so, and they are there after a reload", async ({ person }) => {
  const lin = await person(phone);
  await lin.context.route("**/assets/messages-*.js", (route) => route.abort());
  const buyer = new Thread(await lin.chatAbout(1001));
  await buyer.say("Hello");
  const note = buyer.page.getByRole("alert").filter({ hasText: "This could not be loaded." });
  await expect(note).toBeVisible();

  await lin.context.unroute("**/assets/messages-*.js");
  await note.getByRole("button", { name: "Reload" }).click();
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
