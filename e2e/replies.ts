import { expect, type Page } from "@playwright/test";
import type { Person } from "./harness.ts";
import { Thread } from "./talk.ts";

/** As many as it takes to tell how soon a shop replies. */
const questions = 5;

/** Has a shop answer a buyer's questions at once, and its only agent leave then. Returns the buyer's page. */
export async function answeredAtOnce(lin: Person, ines: Person): Promise<Page> {
  const buyer = new Thread(await lin.chatAbout(1009));
  const seller = new Thread(await ines.console("V_2/ines"));
  for (let n = 1; n <= questions; n++) {
    await buyer.say(`${n}?`);
    if (n === 1) await seller.page.locator(".c-row:not(.c-row-skeleton)").click();
    await expect(seller.message(`${n}?`)).toBeVisible();
    await seller.say(`${n}!`);
    await expect(buyer.message(`${n}!`)).toBeVisible();
  }
  await seller.page.close();
  return buyer.page;
}

/** Opens the chat until its head says how soon the shop replies: who asks first has a server find it out. */
export async function told(page: Page, words: RegExp): Promise<void> {
  await expect(async () => {
    await page.reload();
    await expect(page.locator(".chat-state")).toHaveText(words, { timeout: 2_000 });
  }).toPass();
}
