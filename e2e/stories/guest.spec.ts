/** A visitor who is nobody, in a frame on another site's page, in a browser that keeps no cookies of third parties. */
import { expect, type Page } from "../harness.ts";
import { Thread } from "../talk.ts";
import { inFrame, launcher, opened, test as base, wrong } from "../visit.ts";

const test = base.extend({
  flags: async ({ shop }, use) => {
    shop.buyer = undefined;
    await use(["--guests", "--frame-ancestors", shop.url]);
  },
});

// What keeps no cookies is the browser around the pages.
test.use({ whole: true });

async function withoutThirdParties(page: Page): Promise<void> {
  const cdp = await page.context().newCDPSession(page);
  await cdp.send("Network.enable");
  await cdp.send("Network.setCookieControls", { enableThirdPartyCookieRestriction: true });
}

test("a guest finds the conversation again after a reload, and the answer to it", async ({ visit, person }) => {
  const page = await visit();
  await withoutThirdParties(page);
  const guest = await opened(page);
  await guest.say("Do I need an account?");
  await guest.expectStanding("Do I need an account?", "sent");
  const console = await (await person()).console("E_1/yun");
  await console.getByText("Do I need an account?").first().click();
  const seller = new Thread(console);
  await page.reload();
  await expect((await opened(page)).message("Do I need an account?")).toBeVisible();
  await seller.say("Not to ask.");
  await expect((await inFrame(page)).message("Not to ask.")).toBeVisible();
  expect(await wrong(page)).toEqual([]);
});

test("where the browser keeps no cookie at all, the chat is offered in a tab of its own", async ({ visit, server }) => {
  const page = await visit();
  // As one answers that drops them: what it sets never arrives.
  await page.route("**/v1/guest?framed=true", async (route) => {
    const answer = await route.fetch();
    await route.fulfill({ status: answer.status() });
  });
  await page.context().clearCookies();
  await launcher(page).click();
  const tab = (await inFrame(page)).page.getByRole("link", { name: "Open in a new tab" });
  await expect(tab).toHaveAttribute("href", `${server.url}/chat?product=1001&lang=en`);
  const [alone] = await Promise.all([page.context().waitForEvent("page"), tab.click()]);
  const guest = new Thread(alone);
  await guest.say("Here, then");
  await guest.expectStanding("Here, then", "sent");
});
