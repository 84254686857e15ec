import { expect, type Page } from "@playwright/test";
import { askedAgain, type Extremes, extremes, writtenLongAgo } from "./extremes.ts";
import type { Person } from "./harness.ts";
import { answeredAtOnce, told } from "./replies.ts";
import { seldom } from "./seldom.ts";
import type { Server } from "./server.ts";
import { paste, pick, Thread } from "./talk.ts";
import { waits } from "./waits.ts";

/**
 * A lively afternoon in the demo's shops, screen by screen: what accessibility is checked on and what
 * pictures of Haggle are taken of. Nothing here depends on the language: it is looked at in all of them.
 */
export type Screen = { name: string; page: Page };

type Who = "buyer" | "seller" | "other";
/** Brings somebody with a browser of their own. */
type Bring = (who: Who) => Promise<Person>;
type Look = (screen: Screen) => Promise<void>;

/** One side's lines; a page says them in its own language. */
type Says = { en: string; "zh-CN": string };

const lines = {
  ask: { en: "Hi! Is the green of this one more blue or more grey?", "zh-CN": "你好！这只偏蓝还是偏灰？" },
  photos: { en: "I'd like it to go with these two 😊", "zh-CN": "想和这两件搭配 😊" },
  greet: { en: "Good afternoon! Let me take it to the window.", "zh-CN": "下午好！我拿到窗边看看。" },
  window: { en: "In daylight, more blue:", "zh-CN": "日光下偏蓝：" },
  lamp: { en: "and under a warm lamp it turns grey. Both are the same mug.", "zh-CN": "暖光下偏灰，是同一只杯子。" },
  sizes: { en: "How much does it hold? And does it go into a dishwasher?", "zh-CN": "容量多大？能进洗碗机吗？" },
  facts: { en: "320 ml, and dishwashers do it no harm.\nCare notes: https://kiln.example/care", "zh-CN": "320 毫升，可以进洗碗机。\n保养说明：https://kiln.example/care" },
  thanks: { en: "Perfect, I'll take two. Thank you!", "zh-CN": "太好了，我要两只，谢谢！" },
  bye: { en: "I'll pack them today. 👋", "zh-CN": "今天就打包发出 👋" },
  draft: { en: "One more thing: ", "zh-CN": "还有一件事：" },
  camera: { en: "Does the shutter run true at 1/1000?", "zh-CN": "快门 1/1000 准吗？" },
  teapot: { en: "Does the teapot drip?", "zh-CN": "茶壶会滴水吗？" },
} satisfies { [key: string]: Says };

/** Shows every screen and state to `look`, one after the other. */
export async function tour(server: Server, bring: Bring, look: Look): Promise<void> {
  const lin = await bring("buyer");
  const yun = await bring("seller");
  const spoken = (await language(lin)) === "zh-CN" ? "zh-CN" : "en";
  const say = (line: keyof typeof lines) => lines[line][spoken];

  await doors(await bring("other"), look);
  const console = await yun.console("E_1/yun");
  await expect(console.locator(".c-note")).toBeVisible();
  await look({ name: "console-empty", page: console });

  const page = await lin.chatAbout(1001);
  const buyer = new Thread(page);
  await expect(page.locator(".thread-blank .empty-state")).toBeVisible();
  await look({ name: "chat-new", page });

  const seller = await afternoon(buyer, console, say);
  await others(bring, say);
  await buyerScreens(buyer, seller, say, look);
  await otherWays(buyer.page, look);
  await consoleScreens(seller, look);
  await waits(buyer.page, seller.page, look);
  await seldom({ server, bring, lin, buyer, seller, spoken }, look);
  const odd = await extremes(server, await bring("buyer"), await bring("seller"), spoken, look);
  const asked = await answeredAtOnce(await bring("buyer"), await bring("seller"));
  await apart(server, buyer, seller, odd, look);
  await told(asked, /5/);
  await listed(asked);
  await look({ name: "chat-replies", page: asked });
}

/** Waits for the list beside the thread, where there is room for one: it comes after. */
async function listed(page: Page): Promise<void> {
  if ((page.viewportSize()?.width ?? 0) >= 1024) await expect(page.locator(".inbox-row").first()).toBeVisible();
}

async function language(person: Person): Promise<string> {
  const page = await person.open("/");
  const spoken = await page.evaluate(() => navigator.language);
  await page.close();
  return spoken;
}

/** Before anybody is signed in. */
async function doors(nobody: Person, look: Look): Promise<void> {
  for (const [name, path] of [
    ["market-home", "/"],
    ["market-product", "/p/1001"],
    ["market-missing", "/nowhere"],
    ["signed-out", "/signed-out"],
    ["chat-signed-out", "/chat?product=1001"],
    ["console-signed-out", "/console"],
  ] as const) {
    const page = await nobody.open(path);
    await expect(page.locator("h1, h2").first()).toBeVisible();
    await look({ name, page });
    await page.close();
  }
  const docs = await nobody.open("/docs");
  // What is folded away is looked at too.
  for (const fold of await docs.locator("details").all()) await fold.evaluate((it) => it.setAttribute("open", ""));
  await expect(docs.locator("summary").first()).toBeVisible();
  await look({ name: "docs", page: docs });
  await docs.close();
}

type Say = (line: keyof typeof lines) => string;

/** The conversation about the mug; ends with the seller's console on it. */
async function afternoon(buyer: Thread, console: Page, say: Say): Promise<Thread> {
  await buyer.say(say("ask"));
  await expect(console.locator(".c-row")).toHaveCount(1);
  await console.locator(".c-row").click();
  const seller = new Thread(console);
  await expect(seller.message(say("ask"))).toBeVisible();

  await buyer.page.locator(".product-send").click();
  await expect(seller.log.locator(".product-card")).toHaveCount(1);
  const [teapot, shirt, mug] = await photos(buyer.page, ["1008", "1005", "1001"]);
  if (!teapot || !shirt || !mug) throw new Error("no photos");
  await pick(buyer.page, teapot, shirt);
  await buyer.say(say("photos"));
  await expect(seller.message(say("photos")).locator(".picture img")).toHaveCount(2);

  await seller.say(say("greet"));
  await seller.field.click();
  await console.keyboard.insertText(say("window"));
  await paste(seller.field, mug);
  await expect(seller.field.getByRole("img")).toHaveCount(1);
  await console.keyboard.insertText(say("lamp"));
  await seller.send.click();
  await expect(buyer.message(say("lamp")).locator(".picture img")).toHaveCount(1);
  await buyer.say(say("sizes"));
  await seller.say(say("facts"));
  await buyer.say(say("thanks"));
  await seller.say(say("bye"));
  await expect(buyer.message(say("bye"))).toBeVisible();
  return seller;
}

/** Other people, with other wishes: lists are not lists of one. */
async function others(bring: Bring, say: Say): Promise<void> {
  const sam = await bring("other");
  for (const [product, line] of [
    ["1008", "teapot"],
    ["1002", "camera"],
  ] as const) {
    const chat = new Thread(await sam.chatAbout(product, "b"));
    await chat.say(say(line));
    await expect(chat.log.locator(".tick-stored, .tick-delivered")).toHaveCount(1);
    await chat.page.close();
  }
}

async function buyerScreens(buyer: Thread, seller: Thread, say: Say, look: Look): Promise<void> {
  const { page } = buyer;
  for (const image of await buyer.log.locator(".picture").all()) await expect(image).toHaveClass(/loaded/);
  await look({ name: "chat", page });
  await seller.field.pressSequentially(say("draft"));
  await expect(page.locator(".typing-now")).toBeVisible();
  await look({ name: "chat-typing", page });

  await buyer.openMenu(buyer.message(say("thanks")));
  await look({ name: "chat-message-menu", page });
  await page.keyboard.press("Escape");
  const menu = page.locator("main [aria-haspopup=menu]");
  await menu.click();
  await expect(page.getByRole("menu")).toBeVisible();
  await look({ name: "chat-menu", page });
  await page.getByRole("menuitem").nth(1).click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await look({ name: "chat-report", page });
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await menu.click();
  await page.getByRole("menuitem").first().click();
  await expect(page.getByRole("dialog")).toBeVisible();
  await look({ name: "chat-block", page });
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);

  await page.locator(".emoji-box > button").click();
  await expect(page.locator(".emoji-grid button").first()).toBeVisible();
  await look({ name: "chat-emoji", page });
  await page.keyboard.press("Escape");
  const [lamp] = await photos(page, ["1006"]);
  if (lamp === undefined) throw new Error("no photo");
  await page.locator("input[type=file]").setInputFiles([lamp, { ...lamp, name: "lamp-2.png" }]);
  await expect(page.locator(".tray-item")).toHaveCount(2);
  await expect(page.locator(".tray-wait")).toHaveCount(0);
  await look({ name: "chat-pictures", page });
  for (const remove of [1, 0]) await page.locator(".tray-remove").nth(remove).click();

  await buyer.log.locator(".picture").first().click();
  await expect(page.locator(".pswp--ui-visible")).toBeVisible();
  await look({ name: "chat-lightbox", page });
  await page.keyboard.press("Escape");
  await expect(page.locator(".pswp")).toHaveCount(0);

  await page.goto(new URL("/chat", page.url()).href);
  await expect(page.locator(".inbox-row")).toHaveCount(1);
  await look({ name: "inbox", page });
  await page.goto(new URL("/chat?product=nothing", page.url()).href);
  await expect(page.locator(".empty-state").last()).toBeVisible();
  await listed(page);
  await look({ name: "chat-no-product", page });
  await page.goto(new URL("/chat?product=1001", page.url()).href);
  await expect(buyer.message(say("bye"))).toBeVisible();
}

async function consoleScreens(seller: Thread, look: Look): Promise<void> {
  const { page } = seller;
  await look({ name: "console", page });
  await seller.openMenu(seller.messages.last());
  await look({ name: "console-message-menu", page });
  await page.keyboard.press("Escape");
  const menu = page.locator(".c-thread-header [aria-haspopup=menu]");
  for (const [name, fromEnd] of [["console-report", 2], ["console-block", 1]] as const) {
    await menu.click();
    const items = page.getByRole("menuitem");
    await expect(items.first()).toBeVisible();
    if (name === "console-report") await look({ name: "console-menu", page });
    await items.nth((await items.count()) - fromEnd).click();
    await expect(page.getByRole("dialog")).toBeVisible();
    await look({ name, page });
    await page.keyboard.press("Escape");
    await expect(page.getByRole("dialog")).toHaveCount(0);
  }
  await page.locator(".c-tools > .icon-button").last().click();
  await expect(page.locator("dialog").getByRole("option").first()).toBeVisible();
  await look({ name: "console-products", page });
  await page.keyboard.press("Escape");
  await expect(page.getByRole("dialog")).toHaveCount(0);
  await seller.field.fill("");
  await page.keyboard.type("/");
  await expect(page.locator(".c-phrases")).toBeVisible();
  await look({ name: "console-slash", page });
  await page.keyboard.press("Escape");
  await seller.field.fill("");
  await page.locator(".c-tools .emoji-box > button").click();
  await expect(page.locator(".emoji-grid button").first()).toBeVisible();
  await look({ name: "console-emoji", page });
  await page.keyboard.press("Escape");
  if ((await page.locator("main").getAttribute("data-arrangement")) !== "beside") {
    await page.locator(".c-thread-header > .icon-button").last().click();
    await expect(page.locator(".c-context")).toBeVisible();
    await look({ name: "console-details", page });
    await page.keyboard.press("Escape");
    await expect(page.locator(".c-context")).toHaveCount(0);
    if (await page.locator(".c-back").isVisible()) await page.locator(".c-back").click();
  }
  await look({ name: "console-list", page });
  await settingsScreens(page, look);
  await listScreens(page, look);
  await page.locator(".c-row.pinned").click();
}

/** The list: what can be done with a conversation, and what the search finds. */
async function listScreens(page: Page, look: Look): Promise<void> {
  await page.locator(".c-row").last().click({ button: "right" });
  await expect(page.getByRole("menuitem")).toHaveCount(3);
  await look({ name: "console-row-menu", page });
  await page.getByRole("menuitem").first().click();
  await expect(page.locator(".c-row.pinned")).toHaveCount(1);
  await page.locator(".c-row").last().click({ button: "right" });
  await page.getByRole("menuitem").nth(1).click();
  await expect(page.locator(".c-row-flag")).toHaveCount(2);
  await page.locator(".c-row").last().click({ button: "right" });
  await page.getByRole("menuitem").nth(2).click();
  await look({ name: "console-flags", page });
  const search = page.getByRole("searchbox");
  await search.fill("kiln"); // in the care notes, in either language
  await expect(page.locator(".c-hit mark").first()).toBeVisible();
  await look({ name: "console-search", page });
  await page.locator(".c-hit").first().click();
  await expect(page.locator(".gone-to")).toBeInViewport();
  await look({ name: "console-hit", page });
  if (await page.locator(".c-back").isVisible()) await page.locator(".c-back").click();
  await search.fill("xyz");
  await expect(page.locator(".c-results-note")).toHaveText(/No message|没有/);
  await look({ name: "console-no-match", page });
  await search.fill("");
  await expect(page.locator(".c-row")).toHaveCount(2);
}

/** The settings, section by section. */
async function settingsScreens(page: Page, look: Look): Promise<void> {
  await page.locator(".c-me .icon-button").click();
  const dialog = page.getByRole("dialog").and(page.locator("dialog"));
  const section = async (place: number) => {
    await dialog.getByRole("tab").nth(place).click();
    await expect(dialog.getByRole("tabpanel")).toBeVisible();
  };
  await expect(dialog.getByRole("tabpanel")).toBeVisible();
  await look({ name: "console-settings", page });
  await section(1);
  await look({ name: "console-notices", page });
  await section(2);
  await dialog.locator(".c-book section .button").first().click();
  await dialog.locator("form input").fill("发货");
  await dialog.locator("form textarea").fill("亲 {buyer}，今天付款今天发货 🚚");
  await look({ name: "console-phrase", page });
  await dialog.locator("form .primary").click();
  await expect(dialog.locator("li")).toHaveCount(1);
  await look({ name: "console-phrases", page });
  await section(3);
  await dialog.getByRole("tabpanel").getByRole("switch").last().check();
  await look({ name: "console-automatic", page });
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
  await page.locator(".toast").hover(); // which keeps it
  await look({ name: "console-unsaved", page });
  await page.locator(".toast button").click();
  await look({ name: "console-discard", page });
  await dialog.locator(".c-automatic-actions .button").first().click();
  await expect(dialog.getByRole("switch").last()).not.toBeChecked();
  await dialog.locator(".c-settings-foot button").first().click();
  await expect(page.locator(".c-keys")).toBeVisible();
  await look({ name: "console-shortcuts", page });
  await page.keyboard.press("Escape");
  await expect(dialog).toHaveCount(0);
}

/** The chat on a shop's page, and without a script. */
async function otherWays(page: Page, look: Look): Promise<void> {
  const chat = page.url();
  await page.goto(new URL("/chat/plain?product=1001", chat).href);
  await look({ name: "plain", page });
  await page.goto(new URL("/p/1001", chat).href);
  await page.locator(".launch").click();
  await expect(page.frameLocator("iframe").locator("textarea")).toBeVisible();
  await look({ name: "market-widget", page });
  await page.goto(chat);
}

/** Without the server, and with one that says no. */
async function apart(server: Server, buyer: Thread, seller: Thread, odd: Extremes, look: Look): Promise<void> {
  await server.kill();
  await expect(buyer.page.locator('.connection-bar[data-kind="offline"]')).toBeVisible();
  await expect(seller.page.locator('.connection-bar[data-kind="offline"]')).toBeVisible();
  await buyer.say("👍");
  await look({ name: "chat-offline", page: buyer.page });
  await look({ name: "console-offline", page: seller.page });
  await writtenLongAgo(odd);
  await server.start();
  for (const { page } of [buyer, seller]) {
    await expect(page.locator('.connection-bar[data-kind="offline"]')).toHaveCount(0, { timeout: 30_000 });
  }
  await askedAgain(odd, look);
  await buyer.page.locator("main [aria-haspopup=menu]").click();
  await buyer.page.getByRole("menuitem").first().click();
  await buyer.page.getByRole("dialog").locator("footer .button.danger").click();
  await expect(buyer.page.locator(".chat-blocked")).toBeVisible();
  await expect(seller.page.locator(".c-blocked")).toBeVisible();
  await look({ name: "chat-blocked", page: buyer.page });
  await look({ name: "console-blocked", page: seller.page });
}

/** The demo's drawings as picture files, as if somebody had photographed the goods. */
async function photos(page: Page, ids: readonly string[]): Promise<Photo[]> {
  const studio = await page.context().newPage();
  const taken: Photo[] = [];
  for (const id of ids) {
    await studio.setViewportSize({ width: 400, height: 400 });
    await studio.goto(new URL(`/art/${id}.svg`, page.url()).href);
    taken.push({ name: `${id}.png`, mimeType: "image/png", buffer: await studio.screenshot() });
  }
  await studio.close();
  await page.bringToFront();
  return taken;
}

type Photo = Parameters<typeof paste>[1];
