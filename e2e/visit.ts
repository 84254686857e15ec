import { desktop, expect, type Page, test as base } from "./harness.ts";
import { HostShop } from "./host-shop.ts";
import { Thread } from "./talk.ts";

/** A shop on another site, with a strict policy, whose product page has the widget on it. */
export const test = base.extend<{ shop: HostShop; visit: (options?: object) => Promise<Page> }>({
  // biome-ignore lint/correctness/noEmptyPattern: the runner wants a pattern
  shop: async ({}, use) => {
    const shop = await HostShop.open();
    await use(shop);
    await shop.close();
  },
  flags: async ({ shop }, use) => use(["--frame-ancestors", shop.url]),
  visit: async ({ shop, server, person }, use) => {
    shop.uses(server);
    await use(async (options = desktop) => {
      const page = await (await person(options)).context.newPage();
      await page.goto(shop.url);
      return page;
    });
  },
});

export const launcher = (page: Page) => page.getByRole("button", { name: /^Chat with the seller/ });
export const panel = (page: Page) => page.getByRole("dialog", { name: "Chat" });

/** The chat in its frame, as a thread. */
export async function opened(page: Page): Promise<Thread> {
  await launcher(page).click();
  await expect(panel(page)).toBeVisible();
  return inFrame(page);
}

export async function inFrame(page: Page): Promise<Thread> {
  const handle = await page.locator("iframe").elementHandle();
  const frame = await handle?.contentFrame();
  if (frame === null || frame === undefined) throw new Error("there is no frame");
  return new Thread(frame as unknown as Page);
}

/** What the shop's script has heard of. */
export const said = (page: Page) => page.evaluate(() => (window as unknown as { said: string[] }).said);
/** What went wrong on the shop's page. */
export const wrong = (page: Page) => page.evaluate(() => (window as unknown as { wrong: string[] }).wrong);
/** Calls the widget as the shop's script does. */
export const haggle = (page: Page, ...call: unknown[]) =>
  page.evaluate((given) => (window as unknown as { haggle(...a: unknown[]): void }).haggle(...given), call);
