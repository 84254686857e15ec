import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, type Locator, type Page } from "@playwright/test";
import type { Person } from "./harness.ts";
import type { Server } from "./server.ts";
import { paste, pick, picture, Thread } from "./talk.ts";

/**
 * What people really write and are called, at its longest and oddest, and what becomes of what cannot be sent:
 * the part of the tour that no demo shows.
 */
type Look = (screen: { name: string; page: Page }) => Promise<void>;
type Spoken = "en" | "zh-CN";

const product = "2001";
const names = {
  en: {
    buyer: "Maximiliana Konstantinopolitanskaya-Featherstonehaugh of Aberystwyth",
    shop: "The Very Old & Rather Reliable Emporium of Game Keys and Gift Cards",
    title:
      "Season pass, deluxe anniversary edition, with all three expansions, soundtrack, artbook (PDF), early access and " +
      "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft skin",
  },
  "zh-CN": {
    buyer: "一个名字特别特别长而且中间没有任何空格可以换行的买家用户昵称真的很长很长很长很长很长很长很长",
    shop: "官方授权游戏点卡礼品卡激活码二十四小时自动发货老字号信誉保证全网低价专营旗舰店总店第一分店",
    title:
      "季票豪华周年纪念版含三部资料片原声音乐设定集电子版提前体验资格限定皮肤限定坐骑限定称号全平台通用激活码自动发货" +
      "支持七天无理由退款国区港区台区美区欧区日区任选附赠实体明信片一套随机发货不可指定款式先到先得送完即止",
  },
} as const;

const said = {
  url: "https://codes.example/redeem?order=4711&key=AAAA-BBBB-CCCC-DDDD-EEEE-FFFF-GGGG-HHHH-IIII-JJJJ&lang=ar",
  arabic: "مرحبا! هل الرمز 4711 (Steam) متاح الآن؟",
  hebrew: "כן, הקוד זמין. שלחתי אותו ב-10:30.",
  mixed: "«Season pass» → שלום\nand an English line,\nثم سطر عربي.",
  emoji: "🎉👏🏽❤️",
} as const;

export type Extremes = { buyer: Thread; seller: Thread };

/** Shows the screens, and leaves both sides on their thread. */
export async function extremes(server: Server, sam: Person, mei: Person, spoken: Spoken, look: Look): Promise<Extremes> {
  const called = names[spoken];
  const put = await shopBackend(server);
  await put("participants/V_1", { name: called.shop });
  await put(`products/${product}`, {
    ...{ merchant: "V_1", title: called.title, amount: 123_456_789, currency: "CNY", kind: "virtual" },
    ...{ image: "/art/1003.svg", url: "/p/1003" },
  });
  await (await sam.chatAbout(1003, "b")).close();
  await put("participants/U_2", { name: called.buyer });
  const buyer = new Thread(await sam.open(`/chat?product=${product}`));
  const seller = new Thread(await mei.console("V_1/mei"));
  await expect(buyer.page.locator(".thread-blank .empty-state")).toBeVisible();
  await look({ name: "chat-long-names", page: buyer.page });

  await buyer.say(said.url);
  await seller.page.locator(".c-row:not(.c-row-skeleton)").click();
  await expect(seller.messages).toHaveCount(1);
  await buyer.page.locator(".product-send").click();
  await expect(seller.log.locator(".product-card")).toHaveCount(1);
  await look({ name: "console-long-names", page: seller.page });
  await buyer.say(said.arabic);
  await seller.say(said.hebrew);
  await buyer.say(said.mixed);
  await expect(seller.messages).toHaveCount(5);
  await seller.say(said.emoji);
  await buyer.say("👍");
  await expect(seller.messages).toHaveCount(7);
  await expect(buyer.log.locator(".tick-read").last()).toBeVisible();
  await look({ name: "chat-right-to-left-and-emoji", page: buyer.page });
  await look({ name: "console-right-to-left-and-emoji", page: seller.page });

  await pick(buyer.page, ...nine());
  await expect(buyer.page.locator(".tray-item")).toHaveCount(9);
  await expect(buyer.page.locator(".tray-wait")).toHaveCount(0);
  await look({ name: "chat-nine-to-send", page: buyer.page });
  await buyer.say("9 × 📷");
  await expect(seller.messages).toHaveCount(8);
  for (const { log } of [buyer, seller]) await expect(log.locator(".picture.loaded")).toHaveCount(9);
  await look({ name: "chat-nine-pictures", page: buyer.page });
  await look({ name: "console-nine-pictures", page: seller.page });
  await sam.context.pages()[0]?.bringToFront();

  await failed(buyer, seller, look);
  return { buyer, seller };
}

/** Pictures that arrive damaged: the server says so, and they are not sent. */
async function failed(buyer: Thread, seller: Thread, look: Look): Promise<void> {
  for (const { page } of [buyer, seller]) {
    await page.route("**/v1/files/*", (route) => route.continue({ postData: Buffer.from("\x89PNG and noise") }));
  }
  await pick(buyer.page, picture("broken.png"));
  await buyer.say("🧾");
  await seller.field.click();
  await paste(seller.field, picture("broken.png", 300, 200));
  await expect(seller.field.getByRole("img")).toHaveCount(1);
  await seller.send.click();
  for (const [name, { page, log }] of Object.entries({ "chat-failed": buyer, "console-failed": seller })) {
    await expect(log.locator(".entry-failed .note-button")).toHaveCount(1); // as it is it is never taken
    await look({ name, page });
    await page.unrouteAll();
    await log.locator(".entry-failed .note-button").last().click();
    await expect(log.locator(".entry-failed")).toHaveCount(0);
  }
}

/** What was written so long ago that nobody may want it sent any more; the server is not there. */
export async function writtenLongAgo({ buyer, seller }: Extremes): Promise<void> {
  for (const { page, field, send } of [buyer, seller]) {
    await expect(page.locator('.connection-bar[data-kind="offline"]')).toBeVisible();
    await field.fill("⏳ 10:30?");
    await send.click();
    await page.clock.setFixedTime(Date.now() + 15 * 60_000);
  }
}

export async function askedAgain({ buyer, seller }: Extremes, look: Look): Promise<void> {
  for (const [name, { page, log }] of Object.entries({ "chat-stale": buyer, "console-stale": seller })) {
    await expect(note(log)).toBeVisible({ timeout: 30_000 });
    await look({ name, page });
  }
}

const note = (log: Locator) => log.locator(".entry-failed .note-button").first();

function nine() {
  const shapes = [[320, 240], [240, 320], [640, 120], [120, 640], [400, 400], [300, 200], [200, 300], [500, 500], [90, 60]];
  return shapes.map(([width, height], i) =>
    picture(`${i}.png`, width, height, [(i * 53) % 256, (i * 97 + 80) % 256, (i * 29 + 140) % 256]),
  );
}

/** What a shop's backend may say, and with no body take back. */
export async function shopBackend(server: Server): Promise<(path: string, body?: object) => Promise<void>> {
  const key = (await readFile(join(server.data, "api-key"), "utf8")).trim();
  return async (path, body) => {
    const answer = await fetch(`${server.url}/v1/server/${path}`, {
      method: body === undefined ? "DELETE" : "PUT",
      headers: { Authorization: `Bearer ${key}`, "Content-Type": "application/json" },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    expect(answer.status, await answer.text()).toBeLessThan(300);
  };
}
