import { expect, type Page, type Route } from "@playwright/test";

/** What is on the screen while the server takes its time, or has failed: the part of the tour for slow days. */
type Look = (screen: { name: string; page: Page }) => Promise<void>;

const lists = "**/v1/conversations?*";
const messages = "**/v1/conversations/*/messages?*";
const search = "**/v1/messages/search?*";

const held = () => undefined;
const failed = (route: Route) =>
  route.fulfill({ status: 500, json: { error: { code: "internal", message: "" } } });

/** Has the list there again. Its page also asks by itself, at any reconnection: then nothing is left to press. */
async function recovered(console: Page): Promise<void> {
  await expect(async () => {
    const again = console.locator(".c-note .button");
    if (await again.isVisible()) await again.click({ timeout: 1_000 });
    await expect(console.locator(".c-row").first()).toBeVisible({ timeout: 3_000 });
  }).toPass();
}

/** Shows the screens, and leaves both pages loaded as they were. */
export async function waits(buyer: Page, console: Page, look: Look): Promise<void> {
  await buyer.route(messages, held);
  await buyer.reload();
  await expect(buyer.locator(".thread-skeleton").first()).toBeVisible();
  await look({ name: "chat-loading", page: buyer });
  await buyer.unrouteAll({ behavior: "ignoreErrors" });
  await buyer.route(messages, failed);
  await buyer.reload();
  await expect(buyer.locator(".thread-blank .button").first()).toBeVisible();
  await look({ name: "chat-not-loaded", page: buyer });
  await buyer.unrouteAll({ behavior: "ignoreErrors" });
  await buyer.reload();

  await console.route(messages, held);
  await console.route(lists, held);
  await console.route(search, held);
  await console.reload();
  await expect(console.locator(".c-row-skeleton, .c-thread").first()).toBeVisible();
  await look({ name: "console-loading", page: console });
  await console.unroute(lists, held);
  await console.unroute(messages, held);
  await console.route(lists, failed);
  await console.reload();
  const back = console.locator(".c-back");
  await expect(back.or(console.locator(".c-note .button")).first()).toBeVisible();
  if (await back.isVisible()) await back.click();
  await expect(console.locator(".c-note .button")).toBeVisible();
  await look({ name: "console-not-loaded", page: console });
  await console.unroute(lists, failed);
  await recovered(console);
  await console.getByRole("searchbox").fill("kiln");
  await expect(console.locator(".c-results-note")).toHaveText(/Searching|搜索|查找/);
  await look({ name: "console-searching", page: console });
  await console.unrouteAll({ behavior: "ignoreErrors" });
  await console.getByRole("searchbox").fill("");
  await console.locator(".c-row.pinned").click();
}
