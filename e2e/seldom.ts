import { expect, type Page } from "@playwright/test";
import { shopBackend } from "./extremes.ts";
import type { Person } from "./harness.ts";
import { Server } from "./server.ts";
import { picture, pick, Record, Thread } from "./talk.ts";

/** What comes and goes, and most never meet: the part of the tour for the states in between. */
type Look = (screen: { name: string; page: Page }) => Promise<void>;
type Spoken = "en" | "zh-CN";
type Bring = (who: "buyer" | "seller" | "other") => Promise<Person>;

const words = {
  en: {
    news: "It is packed.",
    slip: "Wrong window, sorry",
    away: "We are away today and answer tomorrow.",
    title: "Teapot, the last of its kind",
    ask: "Will there be more of these?",
    waiting: "One last question: do you ship to the islands, and who pays if it arrives in pieces?",
    find: "islands",
    shops: ["Papyrus & Ink", "The Slow Bakery", "North Shore Wool", "Second Spring Books", "Tin Toys"],
  },
  "zh-CN": {
    news: "已经打包好了。",
    slip: "发错窗口了，抱歉",
    away: "今天休息，明天回复您。",
    title: "孤品茶壶",
    ask: "还会有货吗？",
    waiting: "最后一个问题：海岛能送到吗？如果路上碎了算谁的？",
    find: "海岛",
    shops: ["纸与墨", "慢面包坊", "北岸毛线", "再春旧书", "铁皮玩具"],
  },
} as const;

type Said = (typeof words)[Spoken];
type Stage = { server: Server; bring: Bring; lin: Person; buyer: Thread; seller: Thread; spoken: Spoken };

/** Shows the screens, and leaves both sides on their thread. */
export async function seldom({ server, bring, lin, buyer, seller, spoken }: Stage, look: Look): Promise<void> {
  const said = words[spoken];
  await closedWidget(buyer, seller, said.news, look);
  await inboxes(server, lin, buyer.page, said.shops, look);
  await plainPages(buyer.page, look);
  await buyer.page.goto(new URL("/chat?product=1001", buyer.page.url()).href);
  await expect(buyer.message(said.news)).toBeVisible();
  await inThread(buyer, seller, said.slip, look);
  await tooLong(buyer, seller, look);
  await uploading(buyer, look);
  await colleagues(await bring("seller"), seller, look);
  await compact(seller.page, look);
  await closedShop(server, await bring("other"), await bring("seller"), said, look);
  await asGuest(await bring("other"), look);
}

/** On the shop's page: an answer on the closed button, and a chat that does not come. */
async function closedWidget(buyer: Thread, seller: Thread, news: string, look: Look): Promise<void> {
  const { page } = buyer;
  await page.goto(new URL("/p/1001", page.url()).href);
  // What is said from here on is news.
  await page.locator(".launch").click();
  const framed = page.frameLocator("iframe");
  await expect(framed.locator("[data-key]").last()).toBeVisible();
  const attends = () => performance.getEntriesByType("resource").some(({ name }) => name.includes("/assets/embed-news-"));
  await expect.poll(() => framed.locator(":root").evaluate(attends)).toBe(true);
  await framed.locator(".embed-close").click();
  await expect(page.locator(".panel")).toBeHidden();
  await seller.say(news);
  await expect(page.locator(".peek")).toContainText(news);
  await look({ name: "market-peek", page });

  const other = await page.context().newPage();
  await other.clock.install();
  await other.route("**/chat?*", (route) => route.abort());
  await other.goto(page.url());
  await other.locator(".launch").click();
  await other.clock.runFor(20_000); // longer than anybody waits
  await expect(other.locator(".panel .note a")).toBeVisible();
  await look({ name: "market-widget-failed", page: other });
  await other.close();
}

/** A list so long that it can be searched, with something unread in it. */
async function inboxes(server: Server, lin: Person, page: Page, shops: readonly string[], look: Look): Promise<void> {
  const put = await shopBackend(server);
  const record = await Record.of(lin, "buyer");
  for (const [i, name] of shops.entries()) {
    await put(`participants/E_7${i}`, { name });
    const goods = { merchant: `E_7${i}`, title: name, amount: 4900, currency: "CNY", kind: "physical" };
    await put(`products/7${i}`, goods);
    await record.send({ product: `7${i}` }, `${i + 1}?`);
  }
  await page.goto(new URL("/chat", page.url()).href);
  await expect(page.locator(".inbox-row .badge")).toBeVisible();
  await expect(page.locator(".inbox-row")).toHaveCount(6);
  await look({ name: "inbox-unread", page });
  await page.getByRole("searchbox").fill("xyz");
  await expect(page.locator(".inbox .empty-state")).toBeVisible();
  await look({ name: "inbox-no-match", page });
}

async function plainPages(page: Page, look: Look): Promise<void> {
  await page.goto(new URL("/chat/plain", page.url()).href);
  await look({ name: "plain-list", page });
  await page.goto(new URL("/chat/plain?product=nothing", page.url()).href);
  await look({ name: "plain-missing", page });
}

/** What was taken back, and what came while one read further up. */
async function inThread(buyer: Thread, seller: Thread, slip: string, look: Look): Promise<void> {
  const { page, log } = buyer;
  await seller.say(slip);
  await expect(buyer.message(slip)).toBeVisible();
  await seller.openMenu(seller.message(slip));
  await seller.page.getByRole("menuitem").nth(1).click();
  await expect(log.locator(".tombstone")).toBeVisible();
  await look({ name: "chat-taken-back", page });

  const pill = page.locator(".thread-pill");
  await page.locator(".thread-scroll").evaluate((box) => box.scrollTo({ top: 0 }));
  await expect(pill).toBeVisible();
  await seller.say("👀");
  await expect(pill).toHaveText(/1/);
  await look({ name: "chat-pill", page });
  await pill.click();
  await expect(pill).toHaveCount(0);
}

/** More than one message takes. */
async function tooLong(buyer: Thread, seller: Thread, look: Look): Promise<void> {
  const much = "?! ".repeat(1400);
  await buyer.field.fill(much);
  await expect(buyer.page.locator(".composer-count.over")).toBeVisible();
  await look({ name: "chat-too-long", page: buyer.page });
  await buyer.field.fill("");
  await seller.field.fill(much);
  await expect(seller.page.locator('.c-count[data-over="true"]')).toBeVisible();
  await look({ name: "console-too-long", page: seller.page });
  await seller.field.fill("");
}

/** A picture that takes its time. */
async function uploading(buyer: Thread, look: Look): Promise<void> {
  const { page, log } = buyer;
  await page.route("**/v1/files/*", () => undefined);
  await pick(page, picture("slow.png", 640, 480));
  await expect(page.locator(".tray-item")).toHaveCount(1);
  await expect(page.locator(".tray-wait")).toHaveCount(0);
  await buyer.send.click();
  await expect(log.locator(".entry-upload")).toBeVisible();
  await look({ name: "chat-uploading", page });
  await log.locator(".entry-upload .note-button").click();
  await expect(log.locator(".entry-upload")).toHaveCount(0);
  await page.unrouteAll({ behavior: "ignoreErrors" });
}

async function colleagues(otto: Person, seller: Thread, look: Look): Promise<void> {
  const page = await otto.console("E_1/otto");
  await page.goto(seller.page.url());
  await new Thread(page).field.pressSequentially("…");
  await expect(seller.page.locator('.c-also[data-typing="true"]')).toBeVisible();
  await look({ name: "console-colleague", page: seller.page });
  await new Thread(page).field.fill("");
  await page.close();
}

/** With less room around everything, where there is a pointer for it. */
async function compact(page: Page, look: Look): Promise<void> {
  if (await page.locator(".c-back").isVisible()) return;
  const settings = page.locator(".c-me .icon-button");
  const density = page.getByRole("dialog").locator("select").nth(2);
  await settings.click();
  await density.selectOption("compact");
  await page.keyboard.press("Escape");
  await expect(density).toHaveCount(0);
  await look({ name: "console-compact", page });
  await settings.click();
  await density.selectOption("comfortable");
  await page.keyboard.press("Escape");
  await expect(density).toHaveCount(0);
}

/** A shop that is closed, and has sold out; then there is nothing left of it to sell. */
async function closedShop(server: Server, sam: Person, nora: Person, said: Said, look: Look): Promise<void> {
  const put = await shopBackend(server);
  await put("products/2002", {
    ...{ merchant: "E_2", title: said.title, amount: 26_800, currency: "CNY", kind: "physical", stock: 0 },
    ...{ image: "/art/1008.svg", url: "/p/1008" },
  });
  await (await nora.console("E_2/nora")).close();
  const shop = await Record.of(nora, "merchant");
  const { version } = (await shop.get("/v1/settings/shop")).body as { version: number };
  await shop.put("/v1/settings/shop", {
    ...{ version, greeting: { on: false, text: "" }, away: { on: true, text: said.away } },
    hours: { time_zone: "Asia/Shanghai", openings: [] },
  });
  await (await sam.chatAbout(1001, "b")).close();
  const buyer = new Thread(await sam.open("/chat?product=2002"));
  const { page } = buyer;
  await expect(page.locator(".chat > .notice")).toBeVisible();
  await look({ name: "chat-closed", page });
  await buyer.say(said.ask);
  await expect(buyer.message(said.away)).toBeVisible();
  await look({ name: "chat-automatic", page });
  await pastUnread(nora, sam, said, look);
  await put("products/2002");
  const closed = (await (await Record.of(sam, "buyer")).conversations()).find(({ merchant }) => merchant.uid === "E_2");
  await page.goto(new URL(`/chat?c=${closed?.id}`, page.url()).href);
  await expect(page.locator(".chat-product .product-note.gone")).toBeVisible();
  await expect(buyer.message(said.away)).toBeVisible();
  await look({ name: "chat-gone", page });
  await page.close();
}

/** The search leads past much that nobody has read. */
async function pastUnread(nora: Person, sam: Person, said: Said, look: Look): Promise<void> {
  const record = await Record.of(sam, "buyer");
  for (let n = 1; n <= 12; n++) await record.send({ product: "2002" }, `${n}?\n${"…\n".repeat(5)}${n}!`);
  await record.send({ product: "2002" }, said.waiting);
  const page = await nora.console("E_2/nora");
  await page.getByRole("searchbox").fill(said.find);
  await page.locator(".c-hit").first().click();
  await expect(new Thread(page).message(said.waiting)).toBeInViewport();
  await expect(page.locator(".c-jump")).toBeVisible();
  await look({ name: "console-past-unread", page });
  await page.close();
}

/** Who is nobody, where nobody is let in: a server of its own. */
async function asGuest(nobody: Person, look: Look): Promise<void> {
  const server = await Server.start("--guests");
  try {
    const page = await nobody.context.newPage();
    await page.goto(`${server.url}/chat?product=1001`);
    await expect(page.locator(".chat > .notice")).toBeVisible();
    await expect(page.locator(".thread-blank .empty-state")).toBeVisible();
    await look({ name: "chat-guest", page });
    await page.close();
  } finally {
    await server.dispose();
  }
}
